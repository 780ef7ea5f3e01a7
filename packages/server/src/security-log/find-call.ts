import { parseLeaf } from './leaf.ts';
import type { LeafRun, LogReader } from './log-reader.ts';
import { callerFor, type FoundRecord, type ReadableKeys } from './search.ts';

const HEADS_AT_ONCE = 200;
const CALL_ID = /^(?:urn:poorter:call:)?([0-9a-f]{16}-[0-9a-f]{8})$/i;

/** The id that `instance` of a problem document or `Poorter-Call` of an answer names; null: neither. */
export function callIdOf(text: string): string | null {
  return CALL_ID.exec(text.trim())?.[1]?.toLowerCase() ?? null;
}

/**
 * Everything recorded of one call, oldest first. Ids stand in no filter, for each is new: the log is
 * read from its end, and no further back than the call began.
 */
export async function findCall(
  reader: LogReader,
  node: string,
  keys: ReadableKeys | null,
  id: string,
): Promise<FoundRecord[]> {
  const callerOf = callerFor(node, keys);
  const sought = Buffer.from(`"id":"${id}"`);
  const found: FoundRecord[] = [];
  const state = await reader.state();
  let began: string | undefined;
  const look = async ({ first, leaves }: LeafRun): Promise<void> => {
    for (let at = leaves.length - 1; at >= 0; at--) {
      const bytes = leaves[at] as Buffer;
      if (!bytes.includes(sought)) continue;
      const leaf = parseLeaf(bytes.toString('utf8', 1));
      if (leaf?.id !== id) continue;
      found.push({ index: first + at, leaf, caller: await callerOf(leaf) });
      // The outcome has a time of its own; the others have that of the call's beginning.
      if (leaf.type !== 'outcome') began = leaf.time;
    }
  };
  const tail = await reader.tail();
  if (tail !== null) await look(tail);
  for (let before = tail?.first ?? state?.size ?? 0; ; ) {
    const heads = await reader.headsBefore(before, HEADS_AT_ONCE, { from: began });
    for (const { first, toTime } of heads) {
      before = first;
      if (began !== undefined && toTime < began) continue;
      const run = await reader.bundle(first);
      // Retention may have come between.
      if (run !== null) await look(run);
    }
    if (heads.length < HEADS_AT_ONCE) return found.reverse();
  }
}
