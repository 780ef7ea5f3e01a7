import { BUNDLE_WIDTH } from './bundle.ts';
import type { LogReader } from './log-reader.ts';
import type { Recorder } from './recorder.ts';

export interface RetentionPolicy {
  /** Leaves are kept this long; null: for ever. */
  readonly ageMs: number | null;
  /** Bytes of packed leaves; null: any. Hashes (32 bytes a leaf) stay and do not count. */
  readonly bytesMax: number | null;
}

/** Bundles looked at in one turn: a long backlog is worked off over several. */
const BUNDLES_MAX = 4_096;

/** Drops whole bundles, oldest first; says before which leaf everything is gone. */
export async function applyRetention(
  recorder: Recorder,
  reader: LogReader,
  policy: RetentionPolicy,
  now: number,
): Promise<number> {
  const boundary = await dropBoundary(reader, policy, now);
  if (boundary !== null) await recorder.dropBefore(boundary);
  return recorder.dropped;
}

async function dropBoundary(
  reader: LogReader,
  { ageMs, bytesMax }: RetentionPolicy,
  now: number,
): Promise<number | null> {
  if (ageMs === null && bytesMax === null) return null;
  const oldest = ageMs === null ? null : new Date(now - ageMs).toISOString();
  let excess = bytesMax === null ? 0 : (await reader.leafBytes()) - bytesMax;
  let boundary: number | null = null;
  for (const { first, toTime, bytes } of await reader.weights(BUNDLES_MAX)) {
    const isTooOld = oldest !== null && toTime < oldest;
    if (!isTooOld && excess <= 0) break;
    excess -= bytes;
    boundary = first + BUNDLE_WIDTH;
  }
  return boundary;
}
