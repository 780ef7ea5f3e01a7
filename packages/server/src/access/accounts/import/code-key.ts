import type { Unfit } from './password-hash.ts';

/** By which an app makes codes of the minute. RFC 6238. */
export interface CodeKey {
  /** Base32 without padding. RFC 4648. */
  readonly secret: string;
  readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512';
  readonly digits: 6 | 8;
  /** Seconds. */
  readonly period: 30 | 60;
}

/** What every app has, and what holds where nothing is said. */
export const USUAL_CODES = { algorithm: 'SHA1', digits: 6, period: 30 } as const;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** RFC 4226 asks for 16; the keys of many apps have 80 bits, which nobody guesses either. */
const SECRET_BYTES_MIN = 10;
const SECRET_BYTES_MAX = 64;
const ALGORITHMS = ['SHA1', 'SHA256', 'SHA512'] as const;
const DIGITS = [6, 8] as const;
const PERIODS = [30, 60] as const;

/** A key in Base32, or the otpauth:// URI that apps read from a picture. */
export function readCodeKey(text: string): CodeKey | Unfit {
  if (!/^otpauth:/i.test(text.trim())) return withSecret(text, USUAL_CODES);
  const uri = URL.parse(text.trim());
  if (uri === null || uri.host.toLowerCase() !== 'totp') {
    return unfit(
      'an otpauth://totp/ URI: codes that are counted, and not timed, are not known here',
    );
  }
  const told = uri.searchParams;
  // Of two, each app takes another.
  const isOnce = ['secret', 'algorithm', 'digits', 'period'].every(
    (name) => told.getAll(name).length <= 1,
  );
  if (!isOnce) return unfit('an otpauth:// URI that says each thing once');
  const asked = (told.get('algorithm') ?? USUAL_CODES.algorithm).toUpperCase().replace('-', '');
  const algorithm = ALGORITHMS.find((one) => one === asked);
  const digits = DIGITS.find((one) => String(one) === (told.get('digits') ?? '6'));
  const period = PERIODS.find((one) => String(one) === (told.get('period') ?? '30'));
  if (algorithm === undefined || digits === undefined || period === undefined) {
    return unfit(
      'a key with SHA1, SHA256 or SHA512, 6 or 8 digits, and a period of 30 or 60 seconds',
    );
  }
  return withSecret(told.get('secret') ?? '', { algorithm, digits, period });
}

export function base32Of(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((five) => LETTERS.charAt(Number.parseInt(five.padEnd(5, '0'), 2))).join('');
}

/** As apps show it in groups, and as it was kept. */
function withSecret(text: string, terms: Omit<CodeKey, 'secret'>): CodeKey | Unfit {
  const secret = text.replaceAll(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  const bytes = Math.floor((secret.length * 5) / 8);
  const isOne = /^[A-Z2-7]+$/.test(secret) && ![1, 3, 6].includes(secret.length % 8);
  if (!isOne) return unfit('a key in Base32 (RFC 4648), or an otpauth:// URI with one');
  if (bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX) return { secret, ...terms };
  return unfit(`a key of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes`);
}

function unfit(expected: string): Unfit {
  return { kind: 'unfit', expected };
}
