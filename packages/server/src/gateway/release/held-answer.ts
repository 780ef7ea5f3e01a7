import type { ServerResponse } from 'node:http';
import { freeBytes, GrowingBytes } from '@poorter/middleware/node-messages';
import type { UpstreamAnswer } from '../forward/upstream-answer.ts';
import type { Runtime } from '../runtime.ts';
import { ONE_WRITE_BYTES_MAX } from './write-answer.ts';

/** A piece may share its memory with the head of its answer, and is on its way to the caller. */
export const SHARED = { ownsPieces: false };

/** What of an answer is in memory, before any of it has left. */
export type Held = {
  readonly bytes: Buffer<ArrayBufferLike>;
  /** The bytes stand in memory of their own, not in what was read from the service's connection. */
  readonly isOwn: boolean;
  readonly release: () => void;
} & (
  | { readonly isWhole: true }
  | { readonly isWhole: false; readonly why: 'over-bound' | 'memory' }
);

const nothingToRelease = () => undefined;

/** A small answer that is there already, in one piece: no waiting, no budget to ask. */
export function holdNow(answer: UpstreamAnswer): Held | null {
  if (!answer.isComplete || answer.queuedBytes > ONE_WRITE_BYTES_MAX) return null;
  const bytes = answer.takeOnly();
  if (bytes === null) return null;
  return { isWhole: true, bytes, isOwn: false, release: nothingToRelease };
}

/** The answer in memory, up to a bound and within the shared budget. */
export async function hold(
  runtime: Runtime,
  answer: UpstreamAnswer,
  announcedBytes: number,
  bytesMax: number,
): Promise<Held> {
  const bytes = new GrowingBytes(announcedBytes <= bytesMax ? announcedBytes : 0, SHARED);
  let length = 0;
  let reserved = 0;
  const release = () => {
    if (reserved > 0) runtime.memory.release(reserved);
    reserved = 0;
  };
  try {
    // Small answers are there when their head is: nothing to wait for.
    for (
      let chunk = answer.takeNow() ?? (await answer.read());
      chunk !== null;
      chunk = answer.takeNow() ?? (answer.isComplete ? null : await answer.read())
    ) {
      length += chunk.length;
      const missing = Math.max(0, bytes.weightWith(chunk) - reserved);
      const hasRoom = runtime.memory.reserve(missing);
      if (hasRoom) reserved += missing;
      bytes.push(chunk);
      if (length > bytesMax) return held(bytes, release, 'over-bound');
      if (!hasRoom) return held(bytes, release, 'memory');
    }
    return held(bytes, release, null);
  } catch (error) {
    release();
    bytes.discard();
    throw error;
  }
}

function held(bytes: GrowingBytes, release: () => void, why: 'over-bound' | 'memory' | null): Held {
  const own = { bytes: bytes.whole, isOwn: true, release };
  return why === null ? { ...own, isWhole: true } : { ...own, isWhole: false, why };
}

/** A large answer weighs until a slow caller has taken it, not only until it was handed to Node. */
export function releaseWhenSent(response: ServerResponse, held: Held): void {
  const isGone = response.destroyed || response.writableFinished;
  if (isGone || held.bytes.length <= ONE_WRITE_BYTES_MAX) held.release();
  else {
    response.once('close', held.release);
    // Once the connection has taken it, it is ours alone.
    if (held.isOwn) response.once('finish', () => freeBytes(held.bytes));
  }
}
