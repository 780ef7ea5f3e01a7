/**
 * A password as another system kept it. What is read here is computed when its holder first signs in, by whatever it says
 * it was made with: so that all of it is bounded before it is kept.
 */
export type PasswordHash =
  | { readonly kind: 'argon2' | 'bcrypt'; readonly text: string }
  | {
      readonly kind: 'pbkdf2';
      readonly text: string;
      readonly digest: 'sha256' | 'sha512';
      readonly rounds: number;
      readonly salt: Buffer;
      readonly hash: Buffer;
    }
  | {
      readonly kind: 'scrypt';
      readonly text: string;
      readonly terms: ScryptTerms;
      readonly salt: Buffer;
      readonly hash: Buffer;
    };

/** By their names in RFC 7914. */
export interface ScryptTerms {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** It cannot be used. In place of what was given, which may be a password: what was expected, to stand behind "is". */
export interface Unfit {
  readonly kind: 'unfit';
  readonly expected: string;
}

/** Of one hash. Two are computed at once, so that twice as much is held. */
const MEMORY_KIB_MAX = 131_072;
/**
 * DESIGN: about half a second of one core of 2026. Django 6.1 asks for 1 500 000 rounds of SHA-256, Keycloak 26 for 210 000 of
 * SHA-512; OWASP for bcrypt 10 and scrypt with N 2^17.
 */
const ARGON2_KIB_PASSES_MAX = 1_048_576;
const ARGON2_PASSES_MAX = 100;
const ARGON2_LANES_MAX = 16;
const PBKDF2 = {
  sha256: { bytes: 32, blocksMax: 2_500_000 },
  sha512: { bytes: 64, blocksMax: 1_000_000 },
} as const;
const PBKDF2_ROUNDS_MIN = 1_000;
/** N times r times p: 2^17 with the usual r of 8. */
const SCRYPT_WORK_MAX = 1_048_576;
const SCRYPT_R_MAX = 32;
const SCRYPT_P_MAX = 16;
const SCRYPT_LOG_MIN = 10;
const SCRYPT_LOG_MAX = 20;
const BCRYPT_COST_MAX = 13;
const SALT_BYTES_MIN = 8;
const SALT_BYTES_MAX = 64;
/** A shorter one is met by guessing. */
const HASH_BYTES_MIN = 16;
const HASH_BYTES_MAX = 64;

const KNOWN =
  'a PHC string of argon2id, argon2i, argon2d, pbkdf2-sha256, pbkdf2-sha512 or scrypt, or a hash of bcrypt ($2a$, $2b$, $2y$)';
/** https://github.com/P-H-C/phc-string-format: name, version, parameters, salt and hash in Base64 without padding. */
const PHC =
  /^\$([a-z0-9-]{1,32})(?:\$v=(\d{1,2}))?\$([a-z]{1,4}=\d{1,10}(?:,[a-z]{1,4}=\d{1,10}){0,3})\$([A-Za-z0-9+/]{1,100})\$([A-Za-z0-9+/]{1,100})$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const BCRYPT_LETTERS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

interface Phc {
  readonly text: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly terms: readonly (readonly [name: string, value: number])[];
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export function readPasswordHash(text: string): PasswordHash | Unfit {
  const bcrypt = BCRYPT.exec(text);
  if (bcrypt !== null) return readBcrypt(text, bcrypt);
  const phc = readPhc(text);
  if (phc === null) return unfit(KNOWN);
  if ('expected' in phc) return phc;
  switch (phc.name) {
    case 'argon2id':
    case 'argon2i':
    case 'argon2d':
      return readArgon2(phc);
    case 'pbkdf2-sha256':
      return readPbkdf2(phc, 'sha256');
    case 'pbkdf2-sha512':
      return readPbkdf2(phc, 'sha512');
    case 'scrypt':
      return readScrypt(phc);
    default:
      return unfit(KNOWN);
  }
}

/** Null: it is no such text. */
function readPhc(text: string): Phc | Unfit | null {
  const found = PHC.exec(text);
  if (found === null) return null;
  const [, name = '', version, written = '', saltText = '', hashText = ''] = found;
  const terms = written.split(',').map((term) => {
    const [key = '', value = ''] = term.split('=');
    // Read as another number, it would be another hash.
    return [key, /^(?:0|[1-9]\d*)$/.test(value) ? Number(value) : Number.NaN] as const;
  });
  const salt = bytesOf(saltText);
  const hash = bytesOf(hashText);
  if (salt === null || hash === null) {
    return unfit('a hash whose salt and value are in Base64 without padding');
  }
  if (salt.length < SALT_BYTES_MIN || salt.length > SALT_BYTES_MAX) {
    return unfit(`a hash with a salt of ${SALT_BYTES_MIN} to ${SALT_BYTES_MAX} bytes`);
  }
  if (hash.length < HASH_BYTES_MIN || hash.length > HASH_BYTES_MAX) {
    return unfit(`a hash of ${HASH_BYTES_MIN} to ${HASH_BYTES_MAX} bytes`);
  }
  return { text, name, version, terms, salt, hash };
}

function readArgon2({ text, version, terms }: Phc): PasswordHash | Unfit {
  const named = termsOf(terms, ['m', 't', 'p']);
  if (named === null || !['16', '19', undefined].includes(version)) {
    return unfit('an Argon2 hash with $v=19$m=…,t=…,p=… before its salt');
  }
  const [m = 0, t = 0, p = 0] = named;
  const isWithin =
    within(p, 1, ARGON2_LANES_MAX) &&
    within(m, 8 * p, MEMORY_KIB_MAX) &&
    within(t, 1, ARGON2_PASSES_MAX) &&
    m * t <= ARGON2_KIB_PASSES_MAX;
  if (isWithin) return { kind: 'argon2', text };
  return unfit(
    `an Argon2 hash of at most ${MEMORY_KIB_MAX} KiB (m, from 8 for each lane), ${ARGON2_PASSES_MAX} passes (t) and ${ARGON2_LANES_MAX} lanes (p), with m times t at most ${ARGON2_KIB_PASSES_MAX}`,
  );
}

function readPbkdf2(
  { text, version, terms, salt, hash }: Phc,
  digest: 'sha256' | 'sha512',
): PasswordHash | Unfit {
  const hasLength = terms.length === 2;
  const named = termsOf(terms, hasLength ? ['i', 'l'] : ['i']);
  if (named === null || version !== undefined) {
    return unfit(`a PBKDF2 hash with $pbkdf2-${digest}$i=… before its salt`);
  }
  const [rounds = 0, length = hash.length] = named;
  if (length !== hash.length) return unfit('a PBKDF2 hash whose value is as long as l says');
  const { bytes, blocksMax } = PBKDF2[digest];
  const blocks = Math.ceil(hash.length / bytes);
  const most = Math.floor(blocksMax / blocks);
  if (within(rounds, PBKDF2_ROUNDS_MIN, most)) {
    return { kind: 'pbkdf2', text, digest, rounds, salt, hash };
  }
  return unfit(`a PBKDF2 hash of ${PBKDF2_ROUNDS_MIN} to ${most} rounds at this length`);
}

function readScrypt({ text, version, terms, salt, hash }: Phc): PasswordHash | Unfit {
  const named = termsOf(terms, ['ln', 'r', 'p']);
  if (named === null || version !== undefined) {
    return unfit('an scrypt hash with $scrypt$ln=…,r=…,p=… before its salt');
  }
  const [ln = 0, r = 0, p = 0] = named;
  const isNamed =
    within(ln, SCRYPT_LOG_MIN, SCRYPT_LOG_MAX) &&
    within(r, 1, SCRYPT_R_MAX) &&
    within(p, 1, SCRYPT_P_MAX);
  const N = 2 ** ln;
  // RFC 7914 §2: N below 2^(16 r). 128 * N * r bytes are held: what the work may be bounds them as well.
  if (isNamed && ln < 16 * r && N * r * p <= SCRYPT_WORK_MAX) {
    return { kind: 'scrypt', text, terms: { N, r, p }, salt, hash };
  }
  return unfit(
    `an scrypt hash with ln from ${SCRYPT_LOG_MIN}, r of at most ${SCRYPT_R_MAX}, p of at most ${SCRYPT_P_MAX}, ln below 16 times r, and 2^ln times r times p at most ${SCRYPT_WORK_MAX}`,
  );
}

function readBcrypt(
  text: string,
  [, cost = '', salt = '', value = '']: RegExpExecArray,
): PasswordHash | Unfit {
  if (!within(Number(cost), 4, BCRYPT_COST_MAX)) {
    return unfit(`a bcrypt hash of a cost from 04 to ${BCRYPT_COST_MAX}`);
  }
  // Some libraries left chance in the bits beyond 16 and 23 bytes; ours then says that no password is right.
  const head = text.slice(0, text.length - salt.length - value.length);
  return { kind: 'bcrypt', text: head + withoutSpareBits(salt, 4) + withoutSpareBits(value, 2) };
}

function withoutSpareBits(text: string, bits: number): string {
  const last = BCRYPT_LETTERS.indexOf(text.slice(-1));
  return text.slice(0, -1) + BCRYPT_LETTERS.charAt((last >> bits) << bits);
}

/** Their values, where just these are there, in this order; null: others are. */
function termsOf(terms: Phc['terms'], names: readonly string[]): readonly number[] | null {
  const isSo = terms.length === names.length && terms.every(([name], at) => name === names[at]);
  return isSo ? terms.map(([, value]) => value) : null;
}

/** Null: another text would mean the same bytes, or it means none. */
function bytesOf(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text ? bytes : null;
}

/** Asked for the allowed side, so that a NaN is refused. */
function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function unfit(expected: string): Unfit {
  return { kind: 'unfit', expected };
}
