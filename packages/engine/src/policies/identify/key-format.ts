import * as crypto from 'node:crypto';
import * as zlib from 'node:zlib';

/**
 * `poorter_`, 43 base62 digits of secret (256 bits), 6 base62 digits of CRC-32 over all before.
 * Published, so that secret scanners can find a leaked key and discard look-alikes by checksum.
 */
export const KEY_PATTERN = /^poorter_[0-9A-Za-z]{49}$/;

const PREFIX = 'poorter_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
export const KEY_SECRET_BYTES = 32;

/** Writes 32 random bytes as a key. */
export function formatKey(secret: Uint8Array): string {
  if (secret.length !== KEY_SECRET_BYTES) {
    throw new RangeError(`a key is made of ${KEY_SECRET_BYTES} random bytes, not ${secret.length}`);
  }
  const body = PREFIX + base62(BigInt(`0x${Buffer.from(secret).toString('hex')}`), SECRET_LENGTH);
  return body + checksum(body);
}

/** Mistyped and cut keys fail here, before any look-up. */
export function isWellFormedKey(text: string): boolean {
  if (!KEY_PATTERN.test(text)) return false;
  const split = PREFIX.length + SECRET_LENGTH;
  return checksum(text.slice(0, split)) === text.slice(split);
}

/** Meant as a key, well-formed or not. No JWT begins so: its header is base64url of '{'. */
export function isKeyLike(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** A key, whole or nearly so, somewhere in a text: what holds one is neither kept nor shown. */
export const KEY_WITHIN = /poorter_[0-9A-Za-z]{40,}/;

/**
 * A plain SHA-256 is enough: the secret has 256 random bits, so there is nothing to guess that a
 * slow hash would protect.
 */
export function hashKey(key: string): string {
  return crypto.hash('sha256', key, 'hex');
}

function checksum(body: string): string {
  let text = '';
  // 32 bits: ordinary numbers are exact, and this runs for every key presented.
  for (let rest = zlib.crc32(body); text.length < CHECKSUM_LENGTH; rest = Math.floor(rest / 62)) {
    text = DIGITS.charAt(rest % 62) + text;
  }
  return text;
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}
