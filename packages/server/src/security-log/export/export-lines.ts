import { withoutPrefix } from '../bundle.ts';
import { formatVerifierKey, openCheckpoint, type VerifierKey } from '../checkpoint.ts';
import type { LeafRun, LogReader } from '../log-reader.ts';
import { hashPrefixedLeaf } from '../tree/hashing.ts';
import { frontierOf } from '../tree/proofs.ts';

/** The lines of an export that a stranger can verify. */
export type ExportLine =
  /** The tree before the first leaf of the export. */
  | {
      readonly kind: 'export';
      readonly version: 1;
      readonly key: string;
      readonly from: number;
      readonly frontier: readonly string[];
    }
  | {
      readonly kind: 'leaf';
      readonly index: number;
      readonly hash: string;
      readonly leaf: string;
    }
  | { readonly kind: 'checkpoint'; readonly note: string };

/** Leaves that were signed, from an index on, in the order of the log. */
export async function* signedLeaves(
  reader: LogReader,
  from: number,
  size: number,
): AsyncGenerator<LeafRun> {
  for (let next = from; next < size; ) {
    const run = await reader.runOf(next);
    if (run === null) throw new DroppedError(next);
    const leaves = run.leaves.slice(next - run.first, size - run.first);
    yield { first: next, leaves, head: null };
    next += leaves.length;
  }
}

/** Retention was faster than the export. */
export class DroppedError extends Error {
  override readonly name = 'DroppedError';
  readonly index: number;
  constructor(index: number) {
    super(`leaf ${index} was dropped by retention`);
    this.index = index;
  }
}

/** What is signed of this log now; null when nothing is. */
export async function signedEnd(
  reader: LogReader,
  key: VerifierKey,
): Promise<{ size: number; note: string } | null> {
  const last = await reader.lastCheckpoint();
  if (last === null) return null;
  const checkpoint = openCheckpoint(last.note, key);
  if ('fault' in checkpoint) throw new Error(`the last checkpoint is no good: ${checkpoint.fault}`);
  return { size: checkpoint.size, note: last.note };
}

/** Whole lines, a portion at a time; the last is a checkpoint. */
export async function* exportLines(
  reader: LogReader,
  key: VerifierKey,
  from: number,
  end: { readonly size: number; readonly note: string },
): AsyncGenerator<string> {
  const frontier = (await frontierOf(reader, from)).map((hash) => hash.toString('base64'));
  yield text({ kind: 'export', version: 1, key: formatVerifierKey(key), from, frontier });
  for await (const { first, leaves } of signedLeaves(reader, from, end.size)) {
    let lines = '';
    for (const [at, prefixed] of leaves.entries()) {
      const hash = hashPrefixedLeaf(prefixed).toString('base64');
      const leaf = withoutPrefix(prefixed).toString('base64');
      lines += text({ kind: 'leaf', index: first + at, hash, leaf });
    }
    yield lines;
  }
  yield text({ kind: 'checkpoint', note: end.note });
}

function text(line: ExportLine): string {
  return `${JSON.stringify(line)}\n`;
}
