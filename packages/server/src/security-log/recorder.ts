import { parseJsonText } from '@poorter/openapi/json';
import { notice } from '../messages/notices.ts';
import { splitSpoolLine, timeOfLine } from '../messages/spool-line.ts';
import type { Database } from '../platform/database/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import { type RecordedWriters, realFolder, SpoolDrain } from '../platform/spool/index.ts';
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
  /** What came of the spools of gateways on other machines. */
  readonly carriedDirectory: string;
  readonly signer: CheckpointSigner;
  readonly subjectKeys: LogSubjectKeys;
  /** The spool key that this wrapped text holds. */
  readonly openSpoolKey: (keyId: string, wrapped: string) => Uint8Array;
  readonly notify: Notify;
  /**
   * When each credential was last used, and for what; told once it is kept. `reached`: these and all that were
   * told before come from leaves before this one.
   */
  readonly onUsed?: (uses: ReadonlyMap<string, CredentialUse>, reached: number) => void;
  /** What gateways on other machines may remove now: it is in the log for good. */
  readonly onRecorded?: (writers: RecordedWriters) => void;
  readonly now: () => number;
}

/** The last time in a batch that a credential called an operation. */
export interface CredentialUse {
  readonly credential: string;
  readonly operation: string | null;
  readonly time: string;
}

/** Bytes of spool read in one transaction. */
const BATCH_BYTES = 4 * 1024 * 1024;
const CHECKPOINT_EVERY_MS = 10_000;
const CHECKPOINT_EVERY_LEAVES = 16_384;
/** Files that wait for a durable commit do not wait for long: the spool is bounded. */
const REMOVALS_MAX = 4;

/**
 * A step that throws leaves it unusable: what it had in memory was not kept. Open another; it goes on
 * with what the database has.
 *
 * Drains spools into the log: each step is one transaction that holds both the leaves and how far
 * the spool was read, so that every line becomes a leaf exactly once. What is missing becomes a gap
 * with its exact count. Spool files go only after a commit that survives a power cut.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #now: () => number;
  readonly #store: LogWriterStore;
  readonly #callers: Callers;
  readonly #drain: SpoolDrain;
  readonly #facets = new Map<string, { terms: readonly string[]; operation: string | null }>();
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
    const checkpointed = (await reader.lastCheckpoint())?.size ?? 0;
    const kept = { state, tree, open, checkpointed, cursors: await store.cursors() };
    return new Recorder(options, store, kept);
  }

  private constructor(
    options: RecorderOptions,
    store: LogWriterStore,
    kept: {
      readonly state: WriterState;
      readonly tree: TileTree;
      readonly open: OpenBundle;
      readonly checkpointed: number;
      readonly cursors: ReadonlyMap<string, string>;
    },
  ) {
    this.#options = options;
    this.#now = options.now;
    this.#store = store;
    this.#state = kept.state;
    this.#tree = kept.tree;
    this.#open = kept.open;
    this.#checkpointed = kept.checkpointed;
    this.#drain = new SpoolDrain(
      {
        own: realFolder(options.spoolDirectory),
        carried: realFolder(options.carriedDirectory),
        openKey: options.openSpoolKey,
        onDamage: (file) => {
          const text = `the spool was damaged or changed: ${file}`;
          options.notify(notice('spool_damaged', text, { file }));
        },
        onRecorded: (writers) => options.onRecorded?.(writers),
        now: this.#now,
      },
      kept.cursors,
    );
    this.#checkpointMs = this.#now();
    this.#callers = new Callers(options.node, options.subjectKeys, this.#now);
  }

  get size(): number {
    return this.#state.size;
  }

  get dropped(): number {
    return this.#state.dropped;
  }

  /** A gateway on another machine has nothing of this writer any more. */
  forgetWriter(id: string): void {
    this.#drain.forget(id);
  }

  /** After an erasure. */
  forgetCallers(): void {
    this.#callers.forget();
  }

  /** One batch, one transaction. Says whether there is more to do at once. */
  async step(isLast = false): Promise<{ leaves: number; hasMore: boolean }> {
    const before = this.#state.size;
    this.#callers.expire();
    const batch = new Batch();
    let hasMore = false;
    for (const id of this.#drain.takeRobbed()) this.#gap(batch, 'removed', 0, id);
    for (const drained of this.#drain.writers()) {
      if (batch.bytes >= BATCH_BYTES) {
        hasMore = true;
        break;
      }
      const { frames, lost, cursor, hasMore: isMore } = this.#drain.read(drained, BATCH_BYTES);
      const { id } = drained.writer;
      for (const { lines, missing, turnedAway } of frames) {
        if (missing > 0) this.#gap(batch, 'damaged', missing, id);
        if (lines !== '') await this.#lines(batch, lines);
        if (turnedAway > 0) this.#gap(batch, 'turned-away', turnedAway, id);
      }
      if (lost > 0) this.#gap(batch, 'ended', lost, id);
      if (cursor !== null) batch.cursors.set(...cursor);
      if (isMore) hasMore = true;
    }
    const isDue = this.#isCheckpointDue(batch.leaves.length, isLast && !hasMore);
    if (batch.isEmpty && !isDue && !this.#drain.hasForgotten) return { leaves: 0, hasMore: false };
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

  #gap(batch: Batch, cause: GapCause, count: number, writer: string): void {
    const time = new Date(this.#now()).toISOString();
    batch.add(`\0${gapLeaf(time, cause, count, writer)}`, time, [['type gap']]);
  }

  async #lines(batch: Batch, text: string): Promise<void> {
    batch.bytes += text.length;
    for (const line of text.split('\n')) {
      const parts = splitSpoolLine(line);
      if (parts === null) {
        this.#options.notify(notice('spool_strange', 'the spool holds a line of another version'));
        this.#gap(batch, 'damaged', 1, 'unknown');
        continue;
      }
      const caller = this.#callers.cached(parts.caller) ?? (await this.#callers.seal(parts.caller));
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
    const { bundles, tail, leaves } = this.#take(batch);
    const size = this.#tree.size;
    const madeAt = this.#now();
    const note =
      isDue && size > 0 ? this.#options.signer.sign({ size, root: this.#tree.root() }) : null;
    const change: Append = {
      ...{ from: this.#state, size, bundles, dropBefore, cursors: batch.cursors },
      tail:
        tail === size
          ? null
          : {
              first: tail,
              leaves,
              hashes: this.#tree.hashesFrom(tail),
            },
      tiles: this.#tree.takeChanged(),
      forgottenCursors: this.#drain.takeForgotten(),
      checkpoint: note === null ? null : { note, madeAt },
    };
    this.#state = await this.#store.append(change, isDue);
    if (isDue) {
      this.#checkpointed = size;
      this.#checkpointMs = madeAt;
    }
    this.#drain.committed(isDue);
    if (batch.leaves.length > 0) this.#options.onUsed?.(batch.uses, size);
  }

  /**
   * Puts the leaves into the tree, and into bundles as far as these become full. Apart from what is
   * awaited: this loop is compiled while it runs, and would take the whole of `#append` with it.
   */
  #take(batch: Batch): { bundles: PackedBundle[]; tail: number; leaves: Buffer } {
    const bundles: PackedBundle[] = [];
    const { all, ends } = batch.joined();
    /** Where the leaves begin that no bundle of this batch has taken. */
    let tail = this.#tree.size;
    let tailStart = 0;
    for (let at = 0, start = 0; at < ends.length; at++) {
      const end = ends[at] as number;
      this.#tree.appendLeaf(all.subarray(start, end));
      this.#open.add(all, start, end, batch.times[at] as string, batch.terms[at] ?? []);
      start = end;
      if (this.#open.count < BUNDLE_WIDTH) continue;
      bundles.push(pack(this.#open));
      this.#open = new OpenBundle(this.#open.first + BUNDLE_WIDTH);
      tail = this.#tree.size;
      tailStart = start;
    }
    return { bundles, tail, leaves: all.subarray(tailStart) };
  }

  #isCheckpointDue(added: number, isLast: boolean): boolean {
    const unsigned = this.#state.size + added - this.#checkpointed;
    const { removals, waiting, isUrgent } = this.#drain;
    if (isUrgent || removals >= REMOVALS_MAX || unsigned >= CHECKPOINT_EVERY_LEAVES) return true;
    if (unsigned === 0 && waiting === 0) return false;
    // A log of which nothing is signed is nobody's.
    if (this.#checkpointed === 0 && unsigned > 0) return true;
    return isLast || this.#now() - this.#checkpointMs >= CHECKPOINT_EVERY_MS;
  }
}

/** Behind the time, which every line begins with. */
const TYPE_AT = 34;
const FACETS_MAX = 10_000;

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
