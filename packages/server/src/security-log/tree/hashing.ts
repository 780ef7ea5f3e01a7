import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** RFC 9162 §2.1.1: the root of no leaves is the hash of nothing. */
export const EMPTY_ROOT = hash('sha256', '', 'buffer');

const LEAF_PREFIX = 0x00;
const pair = Buffer.alloc(1 + 2 * HASH_BYTES);
pair[0] = 0x01;

/** As text of one character a byte on the way: half the time of a Buffer made by `hash` itself. */
function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'latin1'), 'latin1');
}

export function hashLeaf(leaf: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(leaf.length + 1);
  prefixed[0] = LEAF_PREFIX;
  prefixed.set(leaf, 1);
  return sha256(prefixed);
}

/** For leaves that already stand behind their prefix, as they do in a bundle. */
export function hashPrefixedLeaf(prefixed: Uint8Array): Buffer {
  return sha256(prefixed);
}

/** Without a Buffer between: this runs for every record. */
export function writePrefixedLeafHash(prefixed: Uint8Array, into: Buffer, at: number): void {
  into.write(hash('sha256', prefixed, 'latin1'), at, 'latin1');
}

export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** The root of a perfect subtree whose lowest hashes stand in `hashes`, from `start`, `count` of them. */
export function perfectRoot(hashes: Uint8Array, start: number, count: number): Buffer {
  if (count === 1) {
    return Buffer.from(hashes.subarray(start * HASH_BYTES, (start + 1) * HASH_BYTES));
  }
  let row = Buffer.from(hashes.subarray(start * HASH_BYTES, (start + count) * HASH_BYTES));
  for (let width = count; width > 1; width /= 2) {
    const above = Buffer.allocUnsafe((width / 2) * HASH_BYTES);
    for (let at = 0; at < width; at += 2) {
      pair.set(row.subarray(at * HASH_BYTES, (at + 2) * HASH_BYTES), 1);
      above.write(hash('sha256', pair, 'latin1'), (at / 2) * HASH_BYTES, 'latin1');
    }
    row = above;
  }
  return row;
}

/** The largest power of two below `count`, which is at least 2. */
export function splitPoint(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
