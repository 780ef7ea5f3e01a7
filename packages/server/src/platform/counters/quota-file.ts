import { hash } from 'node:crypto';
import {
  type CounterMemory,
  EPOCH_UNSET,
  lock,
  PLACES,
  unlock,
  viewsOf,
  WAYS,
  WINDOW_OVERFLOW,
} from './counter-memory.ts';

/**
 * Quotas outlive a restart; rates and leases need not. The bytes carry the hash seed, because the
 * hashes mean nothing without it: keep them as private as the rest of the data directory.
 *
 *   magic 8 │ epoch i64 │ seed 2×i32 │ count u32 │ reserved u32 │ count × (tag 2×i32, end f64, calls f64) │ SHA-256 32
 */
const MAGIC = 'PRTQUOT1';
const HEAD_BYTES = 32;
const RECORD_BYTES = 24;
const DIGEST_BYTES = 32;
/** Only a dead thread's lock is held so long; its set is read all the same. */
const LOCK_WAIT_MAX_MS = 100;

export type QuotaImport =
  | { readonly ok: true; readonly restored: number }
  | { readonly ok: false; readonly reason: 'format' | 'checksum' | 'in-use' };

/**
 * Safe while threads are counting. Ended windows come along; they are dropped when read back.
 * `aheadMs`: how far the wall clock, by which the file tells its times, is ahead of the clock that
 * the threads count by.
 */
export function exportQuotas(memory: CounterMemory, aheadMs = 0): Uint8Array {
  const { tags, times, locks, epoch, seed } = viewsOf(memory);
  const records: [number, number, number, number][] = [];
  const owner = memory.layout.threads + 1;
  for (let set = 0; set < memory.layout.sets; set += 1) {
    const isLocked = lock(locks, set, owner, LOCK_WAIT_MAX_MS);
    for (let place = set * PLACES; place < set * PLACES + PLACES; place += 1) {
      const calls = times[place * 2 + 1] as number;
      if (!(calls > 0)) continue;
      const isOverflow = place === set * PLACES + WINDOW_OVERFLOW;
      // Overflow belongs to nobody by name: its set is told in the low half, as for the others.
      const high = isOverflow ? 0 : (tags[place * 2] as number);
      const low = isOverflow ? set : (tags[place * 2 + 1] as number);
      records.push([high, low, times[place * 2] as number, isOverflow ? -calls : calls]);
    }
    if (isLocked) unlock(locks, set);
  }
  const bytes = Buffer.alloc(HEAD_BYTES + records.length * RECORD_BYTES + DIGEST_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  const counted = Atomics.load(epoch, 0);
  // Nobody has counted yet: there is no time to tell.
  const told = counted === EPOCH_UNSET ? 0n : counted + BigInt(Math.round(aheadMs));
  bytes.writeBigInt64LE(told, 8);
  bytes.writeInt32LE(seed[0] as number, 16);
  bytes.writeInt32LE(seed[1] as number, 20);
  bytes.writeUInt32LE(records.length, 24);
  for (const [index, [high, low, end, calls]] of records.entries()) {
    const at = HEAD_BYTES + index * RECORD_BYTES;
    bytes.writeInt32LE(high, at);
    bytes.writeInt32LE(low, at + 4);
    bytes.writeDoubleLE(end, at + 8);
    bytes.writeDoubleLE(calls, at + 16);
  }
  const signed = bytes.subarray(0, bytes.length - DIGEST_BYTES);
  hash('sha256', signed, 'buffer').copy(bytes, signed.length);
  return bytes;
}

/**
 * Before any thread counts: takes over the seed and the windows. Bytes that are not whole change
 * nothing, so that counting starts empty; the result says why.
 */
export function importQuotas(memory: CounterMemory, bytes: Uint8Array, aheadMs = 0): QuotaImport {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = file.length - HEAD_BYTES - DIGEST_BYTES;
  if (body < 0 || file.toString('latin1', 0, 8) !== MAGIC) return { ok: false, reason: 'format' };
  if (file.readUInt32LE(24) * RECORD_BYTES !== body) return { ok: false, reason: 'format' };
  const signed = file.subarray(0, file.length - DIGEST_BYTES);
  if (!hash('sha256', signed, 'buffer').equals(file.subarray(signed.length))) {
    return { ok: false, reason: 'checksum' };
  }
  const { epoch, seed } = viewsOf(memory);
  if (Atomics.load(epoch, 0) !== EPOCH_UNSET) return { ok: false, reason: 'in-use' };
  // With no windows there is no time to continue: the first call sets it.
  if (body > 0) Atomics.store(epoch, 0, file.readBigInt64LE(8) - BigInt(Math.round(aheadMs)));
  seed[0] = file.readInt32LE(16);
  seed[1] = file.readInt32LE(20);
  let restored = 0;
  for (let at = HEAD_BYTES; at < signed.length; at += RECORD_BYTES) {
    restore(memory, file.readInt32LE(at), file.readInt32LE(at + 4), {
      end: file.readDoubleLE(at + 8),
      calls: file.readDoubleLE(at + 16),
    });
    restored += 1;
  }
  return { ok: true, restored };
}

/** The table may have another size now; what finds no place joins the overflow, as a newcomer would. */
function restore(
  memory: CounterMemory,
  high: number,
  low: number,
  entry: { readonly end: number; readonly calls: number },
): void {
  const { tags, times } = viewsOf(memory);
  const first = (low & (memory.layout.sets - 1)) * PLACES;
  const calls = Math.abs(entry.calls);
  for (let place = first; entry.calls > 0 && place < first + WAYS; place += 1) {
    if (times[place * 2 + 1] !== 0) continue;
    tags[place * 2] = high;
    tags[place * 2 + 1] = low;
    times[place * 2] = entry.end;
    times[place * 2 + 1] = calls;
    return;
  }
  const overflow = (first + WINDOW_OVERFLOW) * 2;
  times[overflow] = Math.max(times[overflow] as number, entry.end);
  times[overflow + 1] = (times[overflow + 1] as number) + calls;
}
