import { createHash, randomBytes, scryptSync } from 'node:crypto';

/** One secret at one place. The secret itself is not in it. */
export interface Finding {
  readonly rule: string;
  readonly level: 'error' | 'warning';
  /** Relative, percent-encoded: file names are bytes. */
  readonly uri: string;
  readonly line: number;
  /** In UTF-16 code units, from 1 on. */
  readonly column: number;
  readonly excerpt: string;
  /** The same for the same secret in the same file, wherever it stands there. */
  readonly fingerprint: string;
  /** In history: the object that holds it, and the earliest commit found with it. */
  readonly blob: string | null;
  readonly commit: string | null;
}

export const OWN_KEY_RULE = 'poorter/api-key';
export const OWN_KEY_TITLE = 'Poorter API key or operator credential';

const OWN_SHOWN = 12;
const OTHERS_SHOWN = 4;

export function excerptOf(rule: string, secret: string): string {
  return `${secret.slice(0, rule === OWN_KEY_RULE ? OWN_SHOWN : OTHERS_SHOWN)}…`;
}

/** Secrets that people choose: a plain hash of one in a committed baseline could be guessed from. */
const CHOSEN_BY_PEOPLE = /^(basicauth|database-connection-string|npm\/npmrc)/;
const SCRYPT = { N: 16_384, r: 8, p: 1 };
/** Half a minute of work; whoever fills a tree with passwords cannot make a scan last for hours. */
const SLOW_MAX = 1_000;

/** Says that two findings are the same one, without saying what the secret is. */
export class Fingerprints {
  /** The slow hash is computed once for each secret. */
  readonly #slow = new Map<string, Buffer>();

  of(rule: string, uri: string, secret: string): string {
    const hash = createHash('sha256').update(`poorter-scan-1\0${rule}\0${uri}\0`);
    hash.update(CHOSEN_BY_PEOPLE.test(rule) ? this.#hardened(rule, secret) : secret);
    return hash.digest('hex').slice(0, 32);
  }

  #hardened(rule: string, secret: string): Buffer {
    const known = this.#slow.get(secret);
    if (known !== undefined) return known;
    // Beyond the bound a print is new in every run: such a finding is told, and accepted by no baseline.
    if (this.#slow.size >= SLOW_MAX) return randomBytes(32);
    // The salt must be the same in every run, or a baseline would not be found again.
    const fresh = scryptSync(secret, `poorter-scan-1 ${rule}`, 32, SCRYPT);
    this.#slow.set(secret, fresh);
    return fresh;
  }
}

/** RFC 3986: what is not unreserved is written in hexadecimal, byte by byte; slashes stay. */
export function uriOf(path: Uint8Array): string {
  let text = '';
  for (const byte of path) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9\-._~/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** For a terminal: nothing in a file name may move the cursor, colour the text or reverse it. */
export function printable(text: string): string {
  return text.replace(
    /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    },
  );
}

export function printablePath(uri: string): string {
  const bytes = Buffer.from(
    uri.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
  return printable(bytes.toString('utf8'));
}
