import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';

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
  const nonce = nextNonce();
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

/** Nonces are no secret; drawn together they cost a tenth. */
const NONCES_AT_ONCE = 256;
let nonces = Buffer.alloc(0);
let taken = 0;

function nextNonce(): Buffer {
  if (taken === nonces.length) {
    nonces = randomFillSync(Buffer.allocUnsafe(NONCES_AT_ONCE * NONCE_BYTES));
    taken = 0;
  }
  const nonce = nonces.subarray(taken, taken + NONCE_BYTES);
  taken += NONCE_BYTES;
  return nonce;
}

/** Each part with its length before it: no two lists have the same bytes. */
export function unambiguous(parts: readonly string[]): Buffer {
  let length = 0;
  for (const part of parts) length += LENGTH_BYTES + Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    const written = bytes.write(part, at + LENGTH_BYTES);
    bytes.writeUInt32BE(written, at);
    at += LENGTH_BYTES + written;
  }
  return bytes;
}

const LENGTH_BYTES = 4;
