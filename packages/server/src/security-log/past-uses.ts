import { BUNDLE_WIDTH } from './bundle.ts';
import { parseLeaf } from './leaf.ts';
import type { LogReader } from './log-reader.ts';
import type { CredentialUse } from './recorder.ts';
import { callerFor, type FoundRecord, type ReadableKeys } from './search.ts';

export interface PastUses {
  /** By credential and operation, the last of each. */
  readonly uses: ReadonlyMap<string, CredentialUse>;
  /** Leaves before those that were looked at, and after what was kept. */
  readonly skipped: number;
}

/** Some seconds of many calls. Whoever was away for longer asks the log itself (`usesOf`). */
const LEAVES_MAX = 65_536;
/** The recorder writes the same text for a caller while it remembers the caller. */
const CALLERS_MAX = 10_000;

/**
 * Uses in leaves that were recorded and of which nobody told: the process ended between the two. `from` null:
 * it was never kept how far anybody came.
 */
export async function pastUses(
  reader: LogReader,
  node: string,
  keys: ReadableKeys,
  from: number | null,
  to: number,
): Promise<PastUses> {
  const uses = new Map<string, CredentialUse>();
  const first = Math.max(from ?? 0, to - LEAVES_MAX, 0);
  const callerOf = callerFor(node, keys);
  const known = new Map<string, FoundRecord['caller']>();
  for (let index = first; index < to; ) {
    const run = await reader.runOf(index);
    // Retention may have come between.
    const leaves = run?.leaves.slice(index - run.first, to - run.first) ?? [];
    for (const bytes of leaves) {
      const leaf = parseLeaf(bytes.toString('utf8', 1));
      if (leaf?.who?.credential === undefined) continue;
      const { sealed } = leaf.who;
      let caller = known.get(sealed);
      if (caller === undefined) {
        caller = await callerOf(leaf);
        if (known.size >= CALLERS_MAX) known.clear();
        known.set(sealed, caller);
      }
      if (caller === null || typeof caller === 'string' || caller.credentialId === null) continue;
      const { credentialId: credential } = caller;
      const operation = leaf.operation ?? null;
      uses.set(`${credential}\n${operation}`, { credential, operation, time: leaf.time });
    }
    index =
      run === null ? index + BUNDLE_WIDTH - (index % BUNDLE_WIDTH) : run.first + run.leaves.length;
  }
  return { uses, skipped: from === null ? 0 : Math.max(0, first - from) };
}
