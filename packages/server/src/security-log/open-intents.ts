import { type Leaf, parseLeaf } from './leaf.ts';
import type { BundleHead, LeafRun, LogReader } from './log-reader.ts';
import { callerFor, type FoundRecord, type ReadableKeys } from './search.ts';
import { mayHold } from './terms.ts';

/**
 * A durable call that was about to be forwarded and has no outcome: it may have happened. `unknown`:
 * nobody was left to say. `forwarded`: it was, and the caller was told `record_unavailable`; `upstream`
 * is the status of the service, or the code of what went wrong with it.
 */
export interface OpenIntent extends FoundRecord {
  readonly ending: 'unknown' | 'forwarded';
  readonly upstream: number | string | null;
}

export interface OpenIntentQuery {
  /** ISO times of the intents, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const TERMS = ['type intent', 'type outcome', 'code record_unavailable'];
const HEADS_AT_ONCE = 200;
/** A clock may have been put back between an intent and its outcome. */
const CLOCK_SLACK_MS = 86_400_000;
/** Endings whose intents are still to be met: as many as calls under way, unless intents were lost. */
const ENDINGS_MAX = 200_000;

type Ending = { readonly kind: 'closed' } | { readonly kind: 'late'; readonly leaf: Leaf };

/** Newest first: an ending is met before its intent, so that few have to be kept in mind. */
export async function* openIntents(
  reader: LogReader,
  node: string,
  keys: ReadableKeys | null,
  { from, to }: OpenIntentQuery,
): AsyncGenerator<OpenIntent> {
  const endings = new Map<string, Ending>();
  const callerOf = callerFor(node, keys);
  for await (const { first, leaves } of newestRuns(reader, from)) {
    for (let at = leaves.length - 1; at >= 0; at--) {
      const leaf = parseLeaf((leaves[at] as Buffer).toString('utf8', 1));
      if (leaf?.id === undefined) continue;
      const ending = endings.get(leaf.id);
      if (leaf.type !== 'intent') {
        // An outcome tells more than the record that follows it.
        const met = endingOf(leaf);
        if (met !== null) endings.set(leaf.id, met);
        if (endings.size > ENDINGS_MAX) endings.delete(endings.keys().next().value as string);
        continue;
      }
      endings.delete(leaf.id);
      if (ending?.kind === 'closed') continue;
      if ((from !== undefined && leaf.time < from) || (to !== undefined && leaf.time > to))
        continue;
      yield {
        ...{ index: first + at, leaf, caller: await callerOf(leaf) },
        ending: ending === undefined ? 'unknown' : 'forwarded',
        upstream: ending === undefined ? null : upstreamOf(ending.leaf),
      };
    }
  }
}

/** What this leaf says about how a call with an intent ended; null: nothing. */
function endingOf(leaf: Leaf): Ending | null {
  if (leaf.type === 'outcome') return { kind: 'closed' };
  if (leaf.type !== 'call' || leaf.code !== 'record_unavailable') return null;
  // Ask for the harmless side, so that a record that says nothing leaves the intent open.
  return leaf.evidence?.['forwarded'] === false ? { kind: 'closed' } : { kind: 'late', leaf };
}

function upstreamOf({ evidence }: Leaf): number | string | null {
  const upstream = evidence?.['upstream'];
  return typeof upstream === 'number' || typeof upstream === 'string' ? upstream : null;
}

/** The open end, then bundles that may hold intents or their endings. */
async function* newestRuns(reader: LogReader, from: string | undefined): AsyncGenerator<LeafRun> {
  const span = {
    from: from && new Date(Date.parse(from) - CLOCK_SLACK_MS).toISOString(),
  };
  const tail = await reader.tail();
  if (tail !== null) yield tail;
  let before = tail?.first ?? (await reader.state())?.size ?? 0;
  for (;;) {
    const heads: BundleHead[] = await reader.headsBefore(before, HEADS_AT_ONCE, span);
    for (const { first, terms } of heads) {
      before = first;
      if (!TERMS.some((term) => mayHold(terms, term))) continue;
      const run = await reader.bundle(first);
      // Retention may have come between.
      if (run !== null) yield run;
    }
    if (heads.length < HEADS_AT_ONCE) return;
  }
}
