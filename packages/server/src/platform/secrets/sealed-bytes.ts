import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** Ciphertext that was altered, moved to another place, or made under another key. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

/**
 * AES-256-GCM: nonce, ciphertext, tag. The nonce is random: one key seals well under 2^32 times
 * (NIST SP 800-38D §8.3).
 */
export function sealBytes(
  key: Uint8Array,
  plain: Uint8Array,
  associated: readonly string[],
): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(unambiguous(associated));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws SealBrokenError. */
export function openBytes(
  key: Uint8Array,
  sealed: Uint8Array,
  associated: readonly string[],
): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SealBrokenError('sealed bytes are cut');
  const end = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(unambiguous(associated));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
  } catch (cause) {
    throw new SealBrokenError('sealed bytes do not open: altered, moved, or under another key', {
      cause,
    });
  }
}

/** Each part with its length before it: no two lists have the same bytes. */
export function unambiguous(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
