/**
 * A hash in the form in which the admin API takes it, where it is in one of those that other programs write; else as it
 * was, to be judged as it is.
 */
export function phcOf(text: string): string {
  for (const read of [passlib, djangoPbkdf2, djangoScrypt, djangoPrefix]) {
    const phc = read(text);
    if (phc !== null) return phc;
  }
  return text;
}

export interface Pbkdf2Parts {
  readonly digest: string;
  readonly rounds: number | string;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export function phcOfPbkdf2({ digest, rounds, salt, hash }: Pbkdf2Parts): string {
  return `$pbkdf2-${digest}$i=${rounds}$${base64(salt)}$${base64(hash)}`;
}

/** As PHC has it: without padding. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** Passlib: rounds without a name, and a dot in the place of the plus. https://passlib.readthedocs.io */
function passlib(text: string): string | null {
  const [, digest, rounds, salt = '', hash = ''] =
    /^\$pbkdf2-(sha256|sha512)\$(\d{1,10})\$([A-Za-z0-9./]+)\$([A-Za-z0-9./]+)$/.exec(text) ?? [];
  if (digest === undefined) return null;
  const written = [salt, hash].map((one) => one.replaceAll('.', '+'));
  return `$pbkdf2-${digest}$i=${rounds}$${written.join('$')}`;
}

/** Django: the salt is text, and its bytes are taken as they are. */
function djangoPbkdf2(text: string): string | null {
  const [, digest, rounds = '', salt = '', hash = ''] =
    /^pbkdf2_(sha256|sha512)\$(\d{1,10})\$([^$]+)\$([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  if (digest === undefined) return null;
  const parts = { salt: Buffer.from(salt), hash: Buffer.from(hash, 'base64') };
  return phcOfPbkdf2({ digest, rounds, ...parts });
}

function djangoScrypt(text: string): string | null {
  const [, cost, salt = '', r, p, hash = ''] =
    /^scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  if (cost === undefined) return null;
  const log = Math.log2(Number(cost));
  if (!Number.isInteger(log)) return null;
  const parts = [Buffer.from(salt), Buffer.from(hash, 'base64')].map(base64);
  return `$scrypt$ln=${log},r=${r},p=${p}$${parts.join('$')}`;
}

/** `argon2$argon2id$…` and `bcrypt$$2b$…`; what is hashed twice (`bcrypt_sha256`) is another thing. */
function djangoPrefix(text: string): string | null {
  const [, hash = null] = /^(?:argon2(?=\$argon2)|bcrypt\$(?=\$2))(.+)$/.exec(text) ?? [];
  return hash;
}
