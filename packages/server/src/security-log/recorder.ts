import { parseJsonText } from '@poorter/engine/json';
import type { Database } from '../platform/database/index.ts';
import { splitSpoolLine, timeOfLine } from '../platform/records/spool-line.ts';
import {
  listWriters,
  type ReadFrames,
  readFrames,
  removeFile,
  removeWriter,
  SPOOL_START,
  type SpooledWriter,
  type SpoolPosition,
} from '../platform/spool/index.ts';
import { BUNDLE_WIDTH, OpenBundle, packLeaves } from './bundle.ts';
import { Callers, type LogSubjectKeys } from './callers.ts';
import type { CheckpointSigner } from './checkpoint.ts';
import { type GapCause, gapLeaf, leafText, retentionLeaf } from './leaf.ts';
import { LogReader } from './log-reader.ts';
import type { LogTables } from './log-tables.ts';
import {
  type Append,
  LogWriterStore,
  type PackedBundle,
  type WriterState,
} from './log-writer-store.ts';
import { filterOf } from './terms.ts';
import { TileTree } from './tree/tiles.ts';

export interface RecorderOptions {
  readonly database: Database<LogTables>;
  readonly node: string;
  readonly spoolDirectory: string;
  readonly signer: CheckpointSigner;
  readonly subjectKeys: LogSubjectKeys;
  /** The spool key that this wrapped text holds. */
  readonly openSpoolKey: (keyId: string, wrapped: string) => Uint8Array;
  readonly onTrouble: (message: string) => void;
  /** When each credential was last used, and for what; told once it is kept. */
  readonly onUsed?: (uses: ReadonlyMap<string, CredentialUse>) => void;
  readonly now?: () => number;
}

/** The last time in a batch that a credential called an operation. */
export interface CredentialUse {
  readonly credential: string;
  readonly operation: string | null;
  readonly time: string;
}

/** Bytes of spool read in one transaction. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** A frame of a living writer that does not open is half written; after so long it is damaged. */
const PATIENCE_MS = 5_000;
const CHECKPOINT_EVERY_MS = 10_000;
const CHECKPOINT_EVERY_LEAVES = 16_384;
/** Files that wait for a durable commit do not wait for long: the spool is bounded. */
const REMOVALS_MAX = 4;

interface Source {
  position: SpoolPosition;
  isSettled: boolean;
  /** Since when its last frame has not opened. */
  unsureMs: number | null;
}

/**
 * A step that throws leaves it unusable: what it had in memory was not kept. Open another; it goes on
 * with what the database has.
 *
 * Drains the spool into the log: each step is one transaction that holds both the leaves and how far
 * the spool was read, so that every line becomes a leaf exactly once. What is missing becomes a gap
 * with its exact count. Spool files go only after a commit that survives a power cut.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #now: () => number;
  readonly #store: LogWriterStore;
  readonly #callers: Callers;
  readonly #sources = new Map<string, Source>();
  readonly #reported = new Set<string>();
  readonly #facets = new Map<string, { terms: readonly string[]; operation: string | null }>();
  /** By file or writer; run after the next durable commit. */
  readonly #removals = new Map<string, () => void>();
  #forgotten: string[] = [];
  #state: WriterState;
  #tree: TileTree;
  #open: OpenBundle;
  #checkpointed = 0;
  #checkpointMs: number;

  /** Takes over the log of this node: a recorder before this one can write no more. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const store = new LogWriterStore(options.database, options.node);
    const state = await store.claim();
    const reader = new LogReader(options.database.kysely, options.node);
    const tree = new TileTree(state.size, await reader.openTiles(state.size));
    const open = new OpenBundle(state.size - (state.size % BUNDLE_WIDTH));
    for (const leaf of (await reader.tail())?.leaves ?? []) open.addKept(leaf);
    const recorder = new Recorder(options, store, state, tree, open);
    recorder.#checkpointed = (await reader.lastCheckpoint())?.size ?? 0;
    const present = new Set(listWriters(options.spoolDirectory).map(({ id }) => id));
    for (const [source, position] of await store.cursors()) {
      recorder.#resume(source, position, present);
    }
    return recorder;
  }

  private constructor(
    options: RecorderOptions,
    store: LogWriterStore,
    state: WriterState,
    tree: TileTree,
    open: OpenBundle,
  ) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#store = store;
    this.#state = state;
    this.#tree = tree;
    this.#open = open;
    this.#checkpointMs = this.#now();
    this.#callers = new Callers(options.node, options.subjectKeys, this.#now);
  }

  get size(): number {
    return this.#state.size;
  }

  get dropped(): number {
    return this.#state.dropped;
  }

  /** After an erasure. */
  forgetCallers(): void {
    this.#callers.forget();
  }

  /** One batch, one transaction. Says whether there is more to do at once. */
  async step(isLast = false): Promise<{ leaves: number; hasMore: boolean }> {
    const before = this.#state.size;
    this.#callers.turn();
    const batch = new Batch();
    let hasMore = false;
    for (const writer of listWriters(this.#options.spoolDirectory)) {
      if (batch.bytes >= BATCH_BYTES) {
        hasMore = true;
        break;
      }
      if (await this.#drain(writer, batch)) hasMore = true;
    }
    const isDue = this.#isCheckpointDue(batch.leaves.length, isLast && !hasMore);
    if (batch.isEmpty && !isDue && this.#forgotten.length === 0)
      return { leaves: 0, hasMore: false };
    await this.#append(batch, isDue, null);
    return { leaves: this.#state.size - before, hasMore };
  }

  /** Leaves before this bundle go; that they went is itself a leaf. Their hashes stay. */
  async dropBefore(first: number): Promise<void> {
    const whole = first - (first % BUNDLE_WIDTH);
    const kept = Math.min(whole, this.#open.first);
    if (kept <= this.#state.dropped) return;
    const batch = new Batch();
    const time = new Date(this.#now()).toISOString();
    batch.add(`\0${retentionLeaf(time, kept)}`, time, [['type retention']]);
    await this.#append(batch, true, kept);
  }

  async #drain(writer: SpooledWriter, batch: Batch): Promise<boolean> {
    const source = this.#sourceOf(writer);
    if (source.isSettled) {
      this.#retire(writer);
      return false;
    }
    const read = this.#read(writer, source);
    for (const { lines, missing, turnedAway } of read.frames) {
      if (missing > 0) this.#gap(batch, 'damaged', missing, writer.id);
      if (lines !== '') await this.#lines(batch, lines);
      if (turnedAway > 0) this.#gap(batch, 'turned-away', turnedAway, writer.id);
    }
    const before = JSON.stringify(source.position);
    source.position = read.next;
    for (const file of writer.files.filter((number) => number < read.next.file)) {
      const remove = () => removeFile(this.#options.spoolDirectory, writer, file);
      this.#removals.set(`${writer.id} ${file}`, remove);
    }
    const after = JSON.stringify(source.position);
    if (read.state === 'done') this.#settle(batch, writer, source);
    else if (after !== before) batch.cursors.set(sourceName(writer.id), after);
    return read.state === 'more';
  }

  #read(writer: SpooledWriter, source: Source): ReadFrames {
    const { spoolDirectory, openSpoolKey } = this.#options;
    const now = this.#now();
    const isPatient = source.unsureMs === null || now - source.unsureMs < PATIENCE_MS;
    const bounds = { bytesMax: BATCH_BYTES, isPatient };
    const read = readFrames(spoolDirectory, writer, source.position, openSpoolKey, bounds);
    if (read.state === 'unsure') source.unsureMs ??= now;
    else source.unsureMs = null;
    for (const file of read.damaged) {
      if (this.#reported.has(file)) continue;
      this.#reported.add(file);
      this.#options.onTrouble(`the spool was damaged or changed: ${file}`);
    }
    return read;
  }

  /** The account of a writer that has ended: what it admitted and nobody recorded is lost. */
  #settle(batch: Batch, writer: SpooledWriter, source: Source): void {
    const lost = writer.admitted - source.position.settled;
    if (lost > 0) this.#gap(batch, 'ended', lost, writer.id);
    source.isSettled = true;
    batch.cursors.set(sourceName(writer.id), SETTLED);
    this.#retire(writer);
  }

  /** Its files go after a durable commit; that it was ever there is forgotten only after that. */
  #retire(writer: SpooledWriter): void {
    this.#removals.set(writer.id, () => {
      removeWriter(this.#options.spoolDirectory, writer);
      this.#sources.delete(writer.id);
      this.#forgotten.push(sourceName(writer.id));
    });
  }

  #gap(batch: Batch, cause: GapCause, count: number, writer: string): void {
    const time = new Date(this.#now()).toISOString();
    batch.add(`\0${gapLeaf(time, cause, count, writer)}`, time, [['type gap']]);
  }

  async #lines(batch: Batch, text: string): Promise<void> {
    batch.bytes += text.length;
    for (const line of text.split('\n')) {
      const parts = splitSpoolLine(line);
      if (parts === null) {
        this.#options.onTrouble('the spool holds a line of another version');
        this.#gap(batch, 'damaged', 1, 'unknown');
        continue;
      }
      const caller = this.#callers.known(parts.caller) ?? (await this.#callers.meet(parts.caller));
      const facets = this.#facetsOf(line, parts.facets);
      const time = timeOfLine(line);
      const terms = [caller.terms, facets.terms];
      let objects = '';
      if (parts.objects !== '') {
        const touched = this.#callers.objects(parts.objects, caller);
        objects = touched.text;
        terms.push(touched.terms);
      }
      if (caller.credentialId !== null) {
        const { credentialId: credential } = caller;
        const { operation } = facets;
        batch.uses.set(`${credential}\n${operation}`, { credential, operation, time });
      }
      batch.add(`\0${leafText(parts.members, caller.who, objects)}`, time, terms);
    }
  }

  /** The type stands in the line, the rest in the facets: together they make few texts. */
  #facetsOf(line: string, text: string): { terms: readonly string[]; operation: string | null } {
    const isCall = line.startsWith('"type":"call"', TYPE_AT);
    const type = isCall ? 'call' : (/"type":"([a-z]+)"/.exec(line)?.[1] ?? 'call');
    const name = isCall ? text : `${type} ${text}`;
    const known = this.#facets.get(name);
    if (known !== undefined) return known;
    const [api, operation, decision, code] = parseJsonText(text) as (string | null)[];
    const terms = [`type ${type}`];
    if (operation) {
      terms.push(`operation ${operation}`);
      if (api) terms.push(`operation ${api} ${operation}`);
    }
    if (type !== 'intent') terms.push(`decision ${decision}`);
    if (code) terms.push(`code ${code}`);
    const made = { terms, operation: operation ?? null };
    if (this.#facets.size >= FACETS_MAX) this.#facets.clear();
    this.#facets.set(name, made);
    return made;
  }

  async #append(batch: Batch, isDue: boolean, dropBefore: number | null): Promise<void> {
    const bundles: PackedBundle[] = [];
    const { all, ends } = batch.joined();
    /** Where the leaves begin that no bundle of this batch has taken. */
    let tail = { first: this.#tree.size, start: 0 };
    for (let at = 0, start = 0; at < ends.length; at++) {
      const end = ends[at] as number;
      this.#tree.appendLeaf(all.subarray(start, end));
      this.#open.add(all, start, end, batch.times[at] as string, batch.terms[at] ?? []);
      start = end;
      if (this.#open.count < BUNDLE_WIDTH) continue;
      bundles.push(pack(this.#open));
      this.#open = new OpenBundle(this.#open.first + BUNDLE_WIDTH);
      tail = { first: this.#tree.size, start };
    }
    const size = this.#tree.size;
    const madeAt = this.#now();
    const note = isDue ? this.#options.signer.sign({ size, root: this.#tree.root() }) : null;
    const forgotten = this.#forgotten;
    const change: Append = {
      ...{ from: this.#state, size, bundles, dropBefore, cursors: batch.cursors },
      tail:
        tail.first === size
          ? null
          : {
              first: tail.first,
              leaves: all.subarray(tail.start),
              hashes: this.#tree.hashesFrom(tail.first),
            },
      tiles: this.#tree.takeChanged(),
      forgottenCursors: forgotten,
      checkpoint: note === null ? null : { note, madeAt },
    };
    this.#state = await this.#store.append(change, isDue);
    this.#forgotten = [];
    if (isDue) {
      this.#checkpointed = size;
      this.#checkpointMs = madeAt;
      for (const remove of this.#removals.values()) remove();
      this.#removals.clear();
    }
    if (batch.uses.size > 0) this.#options.onUsed?.(batch.uses);
  }

  #isCheckpointDue(added: number, isLast: boolean): boolean {
    const unsigned = this.#state.size + added - this.#checkpointed;
    if (this.#removals.size >= REMOVALS_MAX || unsigned >= CHECKPOINT_EVERY_LEAVES) return true;
    if (unsigned === 0 && this.#removals.size === 0) return false;
    return isLast || this.#now() - this.#checkpointMs >= CHECKPOINT_EVERY_MS;
  }

  #sourceOf(writer: SpooledWriter): Source {
    let source = this.#sources.get(writer.id);
    if (source === undefined) {
      source = { position: SPOOL_START, isSettled: false, unsureMs: null };
      this.#sources.set(writer.id, source);
    }
    return source;
  }

  #resume(name: string, text: string, present: ReadonlySet<string>): void {
    if (!name.startsWith(SPOOL)) return;
    const id = name.slice(SPOOL.length);
    if (!present.has(id)) {
      this.#forgotten.push(name);
      return;
    }
    const isSettled = text === SETTLED;
    const position = isSettled ? SPOOL_START : (parseJsonText(text) as SpoolPosition);
    this.#sources.set(id, { position, isSettled, unsureMs: null });
  }
}

const SPOOL = 'spool/';
const SETTLED = '"settled"';
/** Behind the time, which every line begins with. */
const TYPE_AT = 34;
const FACETS_MAX = 10_000;

function sourceName(writerId: string): string {
  return `${SPOOL}${writerId}`;
}

function pack(open: OpenBundle): PackedBundle {
  return {
    ...{ first: open.first, fromTime: open.fromTime, toTime: open.toTime },
    ...{ terms: filterOf(open.terms), leaves: packLeaves(open.raw()) },
  };
}

/** Leaves of one transaction, as text until all are known. */
class Batch {
  readonly leaves: string[] = [];
  readonly times: string[] = [];
  readonly terms: (readonly (readonly string[])[])[] = [];
  readonly cursors = new Map<string, string>();
  /** By credential and operation. */
  readonly uses = new Map<string, CredentialUse>();
  bytes = 0;

  get isEmpty(): boolean {
    return this.leaves.length === 0 && this.cursors.size === 0;
  }

  add(prefixed: string, time: string, terms: readonly (readonly string[])[]): void {
    this.leaves.push(prefixed);
    this.times.push(time);
    this.terms.push(terms);
  }

  /** All in one conversion to bytes, and where each ends: a zero byte begins the next. */
  joined(): { all: Buffer; ends: number[] } {
    const all = Buffer.from(this.leaves.join(''));
    const ends: number[] = [];
    for (let start = 0; ends.length < this.leaves.length; ) {
      const next = all.indexOf(0, start + 1);
      ends.push((start = next < 0 ? all.length : next));
    }
    return { all, ends };
  }
}
