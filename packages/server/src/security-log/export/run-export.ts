import { setTimeout as sleep } from 'node:timers/promises';
import type { VerifierKey } from '../checkpoint.ts';
import { parseLeaf } from '../leaf.ts';
import type { LeafRun, LogReader } from '../log-reader.ts';
import { callerFor, type ReadableKeys } from '../search.ts';
import { toSyslogFrame } from './cef.ts';
import { type ExportCursor, keepCursor, readCursor } from './cursor-file.ts';
import { toEcs } from './ecs.ts';
import { DroppedError, exportLines, signedEnd, signedLeaves } from './export-lines.ts';
import { toOcsf } from './ocsf.ts';
import type { SiemRecord } from './siem-record.ts';
import type { ExportSink } from './sinks.ts';

export type ExportFormat = 'poorter' | 'ocsf' | 'ecs' | 'cef';

export interface ExportOptions {
  readonly reader: LogReader;
  readonly node: string;
  readonly key: VerifierKey;
  readonly format: ExportFormat;
  /** Keys where callers shall be shown by name; pseudonyms otherwise. */
  readonly keys: ReadableKeys | null;
  readonly cursorFile: string;
  readonly openSink: (cursor: ExportCursor | null) => Promise<ExportSink>;
  readonly version: string;
  readonly onGap: (from: number, to: number) => void;
}

/**
 * Exports what was signed since the last time. The cursor moves after the other side has taken a
 * portion, and never before: what is interrupted goes on where it was, without loss, and into a file
 * without repetition.
 */
export async function runExport(options: ExportOptions): Promise<number> {
  const { reader, key, node, cursorFile } = options;
  const cursor = readCursor(cursorFile, node);
  const end = await signedEnd(reader, key);
  let next = cursor?.next ?? 0;
  if (end === null || end.size <= next) return 0;
  const dropped = (await reader.state())?.dropped ?? 0;
  if (dropped > next) {
    options.onGap(next, dropped - 1);
    next = dropped;
  }
  const sink = await options.openSink(cursor);
  const from = next;
  try {
    for await (const { bytes, upTo } of portions(options, next, end)) {
      await sink.send(bytes);
      next = upTo;
      keepCursor(cursorFile, { node, next, bytes: sink.bytes });
    }
  } finally {
    await sink.close().catch(() => undefined);
  }
  return next - from;
}

/** Again and again, until told to stop. A portion that fails is tried again. */
export async function followExport(
  options: ExportOptions,
  everyMs: number,
  signal: AbortSignal,
  onTrouble: (message: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await runExport(options);
    } catch (error) {
      if (!(error instanceof DroppedError)) onTrouble((error as Error).message);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function* portions(
  options: ExportOptions,
  from: number,
  end: { readonly size: number; readonly note: string },
): AsyncGenerator<{ bytes: Buffer; upTo: number }> {
  const { reader, key, format } = options;
  if (format === 'poorter') {
    // One part is whole with its checkpoint only: it is acknowledged at once, in pieces of memory.
    const pieces: Buffer[] = [];
    let size = 0;
    const upTo = Math.min(end.size, from + PART_LEAVES_MAX);
    const last = upTo === end.size ? end : await checkpointNear(reader, upTo, end);
    for await (const lines of exportLines(reader, key, from, last)) {
      pieces.push(Buffer.from(lines));
      size += lines.length;
    }
    if (size > 0) yield { bytes: Buffer.concat(pieces), upTo: last.size };
    if (last.size < end.size) yield* portions(options, last.size, end);
    return;
  }
  for await (const run of signedLeaves(reader, from, end.size)) {
    yield { bytes: await converted(options, run), upTo: run.first + run.leaves.length };
  }
}

/** Leaves in one verifiable part, if checkpoints are near enough. */
const PART_LEAVES_MAX = 32_768;

async function checkpointNear(
  reader: LogReader,
  size: number,
  end: { readonly size: number; readonly note: string },
): Promise<{ size: number; note: string }> {
  const [next] = await reader.checkpointsFrom(size, 1);
  return next ?? end;
}

async function converted(options: ExportOptions, run: LeafRun): Promise<Buffer> {
  const { node, version, format, keys } = options;
  const pieces: Buffer[] = [];
  const callerOf = callerFor(node, keys);
  for (const [at, prefixed] of run.leaves.entries()) {
    const leaf = parseLeaf(prefixed.toString('utf8', 1));
    if (leaf === null) continue;
    const found = await callerOf(leaf);
    const caller = typeof found === 'object' ? found : null;
    const record: SiemRecord = { node, version, leaf, caller, index: run.first + at };
    if (format === 'cef') pieces.push(toSyslogFrame(record));
    else {
      const event = format === 'ocsf' ? toOcsf(record) : toEcs(record);
      pieces.push(Buffer.from(`${JSON.stringify(event)}\n`));
    }
  }
  return Buffer.concat(pieces);
}
