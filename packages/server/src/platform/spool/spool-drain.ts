import { parseJsonText } from '@poorter/openapi/json';
import type { Recorded, RecordedWriters } from './carrying.ts';
import { endFileName } from './names.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { type ReadFrame, readFrames, SPOOL_START, type SpoolPosition } from './spool-reader.ts';
import {
  listWriters,
  readAdmitted,
  removeFile,
  removeWriter,
  type SpooledWriter,
} from './spooled-writers.ts';

export interface SpoolDrainOptions {
  /** Writers of this machine. */
  readonly own: SpoolFolder;
  /** Copies of what writers of other machines wrote; theirs is the original. */
  readonly carried: SpoolFolder;
  /** The spool key that this wrapped text holds. */
  readonly openKey: (keyId: string, wrapped: string) => Uint8Array;
  readonly onDamage: (file: string) => void;
  /** What other machines may now remove. */
  readonly onRecorded: (writers: RecordedWriters) => void;
  readonly now: () => number;
}

/** A writer, and where its files are. */
export interface DrainedWriter {
  readonly writer: SpooledWriter;
  readonly kind: 'own' | 'carried';
}

/** What was read of a writer: to be kept in one transaction together with `cursor`. */
export interface Drained {
  readonly frames: readonly ReadFrame[];
  /** The writer has ended: so many admissions have no line and never will. */
  readonly lost: number;
  /** Name and text; null: nothing moved. */
  readonly cursor: readonly [name: string, text: string] | null;
  readonly hasMore: boolean;
}

/** A frame of a living writer that does not open is half written; after so long it is damaged. */
const PATIENCE_MS = 5_000;
const SETTLED = '"settled"';

interface Source {
  readonly kind: DrainedWriter['kind'];
  position: SpoolPosition;
  isSettled: boolean;
  /** Its cursor is kept: that it was there is known, whatever becomes of its files. */
  isKept: boolean;
  /** Since when its last frame has not opened. */
  unsureMs: number | null;
}

/**
 * Reads spools for a recorder that keeps, in one transaction, the lines and how far they were read:
 * that cursor alone says what was recorded. Files go only after a commit that survives a power cut.
 * The cursor of a writer of this machine goes after its files; that of another machine's stays until
 * that machine says that it has forgotten the writer: until then it may send all of it again.
 */
export class SpoolDrain {
  readonly #options: SpoolDrainOptions;
  /** By the names of their cursors. */
  readonly #sources = new Map<string, Source>();
  readonly #reported = new Set<string>();
  /** By file or writer; run after the next durable commit. */
  readonly #removals = new Map<string, () => void>();
  /** Writers of other machines that moved since the last durable commit. */
  readonly #moved = new Map<string, Recorded>();
  /** Cursors that are to go. */
  #forgotten: string[] = [];
  /** Writers of this machine whose files somebody took away before they were read whole. */
  #robbed: string[] = [];
  /** Writers of other machines whose cursors are to go. */
  #toForget: string[] = [];
  /** … and those that went, unless a power cut undoes it. */
  #forgetting: string[] = [];
  /** What was resumed may be undone by a power cut still. */
  #isResumed = false;
  #last: string | null = null;

  constructor(options: SpoolDrainOptions, cursors: ReadonlyMap<string, string>) {
    this.#options = options;
    const present = new Set(listWriters(options.own).map(({ id }) => id));
    for (const [name, text] of cursors) this.#resume(name, text, present);
  }

  /** Whoever was read last comes last: one that writes without end holds up nobody. */
  writers(): readonly DrainedWriter[] {
    const { own, carried } = this.#options;
    const all: DrainedWriter[] = [
      ...listWriters(own).map((writer) => ({ writer, kind: 'own' as const })),
      ...listWriters(carried).map((writer) => ({ writer, kind: 'carried' as const })),
    ].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
    const last = this.#last;
    const next = last === null ? 0 : all.findIndex((one) => nameOf(one) > last);
    return next <= 0 ? all : [...all.slice(next), ...all.slice(0, next)];
  }

  read(drained: DrainedWriter, bytesMax: number): Drained {
    const { writer, kind } = drained;
    const name = nameOf(drained);
    this.#last = name;
    const source = this.#sourceOf(name, kind);
    if (source.isSettled) {
      this.#retire(name, drained);
      return { frames: [], lost: 0, cursor: null, hasMore: false };
    }
    const folder = this.#options[kind];
    const { frames, next, state } = this.#read(drained, source, bytesMax);
    const hasMoved = JSON.stringify(next) !== JSON.stringify(source.position);
    source.position = next;
    if (kind === 'carried' && hasMoved) this.#moved.set(writer.id, next.file);
    for (const file of writer.files.filter((number) => number < next.file)) {
      this.#removals.set(`${name} ${file}`, () => removeFile(folder, writer, file));
    }
    if (state !== 'done') {
      const isNews = kind === 'own' && !source.isKept;
      source.isKept = true;
      const cursor = hasMoved || isNews ? ([name, JSON.stringify(next)] as const) : null;
      return { frames, lost: 0, cursor, hasMore: state === 'more' };
    }
    // The account of a writer that has ended: what it admitted and nobody recorded is lost.
    const lost = Math.max(0, readAdmitted(folder, writer.name) - next.settled);
    source.isSettled = true;
    this.#retire(name, drained);
    return { frames, lost, cursor: [name, SETTLED], hasMore: false };
  }

  /** A writer of another machine that has forgotten it. */
  forget(id: string): void {
    if (!this.#toForget.includes(id)) this.#toForget.push(id);
  }

  /** Once: to be told in the transaction in which their cursors go. */
  takeRobbed(): readonly string[] {
    const ids = this.#robbed;
    this.#robbed = [];
    return ids;
  }

  get hasForgotten(): boolean {
    return this.#forgotten.length > 0 || this.#toForget.length > 0;
  }

  /** Cursors that go with the next transaction. */
  takeForgotten(): readonly string[] {
    const names = this.#forgotten;
    this.#forgotten = [];
    const copies = this.#toForget.length > 0 ? listWriters(this.#options.carried) : [];
    // What a power cut can still undo is read again from the copy.
    const [undoable, sure] = partition(this.#toForget, (id) => this.#moved.has(id));
    for (const id of sure) {
      const name = `${CARRIED}${id}`;
      const copy = copies.find((writer) => writer.id === id);
      if (copy !== undefined && !this.#isReadWhole(name, copy)) continue;
      // Without its cursor, a copy that came once more would be taken for new.
      if (copy !== undefined) removeWriter(this.#options.carried, copy);
      this.#sources.delete(name);
      names.push(name);
      // One that is unknown may have been forgotten by a commit that a power cut can undo.
      this.#forgetting.push(id);
    }
    this.#toForget = undoable;
    return names;
  }

  /** Where its machine has lost what it had, what came of it is all there will ever be. */
  #isReadWhole(name: string, { name: writer, hasEnded }: SpooledWriter): boolean {
    if (this.#sources.get(name)?.isSettled === true) return true;
    if (!hasEnded) this.#options.carried.create(endFileName(writer), new Uint8Array());
    return false;
  }

  /** Files and writers that go after the next commit that survives a power cut. */
  get removals(): number {
    return this.#removals.size;
  }

  /** These, and what other machines wait to hear. */
  get waiting(): number {
    return this.#removals.size + this.#moved.size + this.#toForget.length + this.#forgetting.length;
  }

  get isUrgent(): boolean {
    return this.#isResumed;
  }

  /** The transaction that holds everything read so far is kept. */
  committed(isDurable: boolean): void {
    if (!isDurable) return;
    const [recorded, forgotten] = [new Map(this.#moved), this.#forgetting];
    const isFirst = this.#isResumed;
    this.#isResumed = false;
    this.#moved.clear();
    this.#forgetting = [];
    const removals = [...this.#removals.values()];
    this.#removals.clear();
    for (const remove of removals) remove();
    if (isFirst || recorded.size > 0 || forgotten.length > 0) {
      this.#options.onRecorded({ recorded, forgotten });
    }
  }

  #read({ writer, kind }: DrainedWriter, source: Source, bytesMax: number) {
    const { openKey, onDamage, now } = this.#options;
    const nowMs = now();
    const isPatient = source.unsureMs === null || nowMs - source.unsureMs < PATIENCE_MS;
    const folder = this.#options[kind];
    const read = readFrames(folder, writer, source.position, openKey, { bytesMax, isPatient });
    if (read.state === 'unsure') source.unsureMs ??= nowMs;
    else source.unsureMs = null;
    for (const file of read.damaged) {
      if (this.#reported.has(file)) continue;
      if (this.#reported.size >= REPORTED_MAX) this.#reported.clear();
      this.#reported.add(file);
      onDamage(file);
    }
    return read;
  }

  /** Its files go after a durable commit; that it was ever there is forgotten only after that. */
  #retire(name: string, { writer, kind }: DrainedWriter): void {
    const folder = this.#options[kind];
    if (kind === 'carried') this.#moved.set(writer.id, 'all');
    this.#removals.set(name, () => {
      removeWriter(folder, writer);
      if (kind === 'carried') return;
      this.#sources.delete(name);
      this.#forgotten.push(name);
    });
  }

  #sourceOf(name: string, kind: DrainedWriter['kind']): Source {
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = {
        ...{ kind, position: SPOOL_START, isSettled: false, isKept: false, unsureMs: null },
      };
      this.#sources.set(name, source);
    }
    return source;
  }

  #resume(name: string, text: string, present: ReadonlySet<string>): void {
    const kind = name.startsWith(OWN) ? 'own' : name.startsWith(CARRIED) ? 'carried' : null;
    if (kind === null) return;
    const id = name.slice(kind === 'own' ? OWN.length : CARRIED.length);
    if (kind === 'own' && !present.has(id)) {
      this.#forgotten.push(name);
      // Files go by themselves only when all of it was settled.
      if (text !== SETTLED) this.#robbed.push(id);
      return;
    }
    const isSettled = text === SETTLED;
    const position = isSettled ? SPOOL_START : (parseJsonText(text) as SpoolPosition);
    this.#sources.set(name, { kind, position, isSettled, isKept: true, unsureMs: null });
    if (kind === 'own') return;
    this.#isResumed = true;
    this.#moved.set(id, isSettled ? 'all' : position.file);
  }
}

const OWN = 'spool/';
const CARRIED = 'carried/';
const REPORTED_MAX = 10_000;

function nameOf({ writer, kind }: DrainedWriter): string {
  return `${kind === 'own' ? OWN : CARRIED}${writer.id}`;
}

function partition<Item>(items: readonly Item[], is: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}
