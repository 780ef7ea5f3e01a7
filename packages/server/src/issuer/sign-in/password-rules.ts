import { COMMON_PASSWORDS } from './common-passwords.ts';

/** NIST SP 800-63B-4 §3.1.1.2: length, and nothing about what kinds of characters. */
export const PASSWORD_CHARACTERS_MIN = 12;
export const PASSWORD_BYTES_MAX = 128;

export type PasswordFault = 'short' | 'long' | 'login' | 'common';

/** RFC 8265 §4.2 in spirit: what looks the same is the same, on whatever keyboard it is typed. */
export function normalPassword(typed: string): string {
  return typed.normalize('NFKC');
}

/** Null: it may be used. */
export function faultOfPassword(password: string, login: string): PasswordFault | null {
  if ([...password].length < PASSWORD_CHARACTERS_MIN) return 'short';
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return 'long';
  const plain = plainOf(password);
  const name = plainOf(login);
  const local = plainOf(login.split('@')[0] ?? '');
  // Of a name of two letters nearly every password has some part.
  if ([name, local].some((part) => part.length >= 4 && plain.includes(part))) return 'login';
  return isCommon(plain) ? 'common' : null;
}

function plainOf(text: string): string {
  return normalPassword(text).toLowerCase().replaceAll(/\s/g, '');
}

/** One of the list, one of it written twice, or a short piece over and over. */
function isCommon(plain: string): boolean {
  if (/^(.{1,4})\1+.{0,3}$/u.test(plain)) return true;
  // What people put behind a word that is too short.
  const word = plain.replace(/[\d!?.@#$*_-]{0,8}$/, '');
  return COMMON_PASSWORDS.has(plain) || COMMON_PASSWORDS.has(word);
}

/** What is longer is right for nobody, and is compared all the same: cut within a letter it would be no text. */
export function boundedBytes(text: string, bytesMax: number): Buffer {
  const whole = Buffer.from(text);
  return whole.length <= bytesMax ? whole : Buffer.alloc(bytesMax, 'x');
}
