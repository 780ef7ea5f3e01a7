import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { APPEND_OWN } from '../files/index.ts';
import type { WriterName } from './format.ts';
import { endFileName, parseSpoolName, writerId } from './names.ts';
import { type SpoolMemory, SpoolPlaces } from './places.ts';

/** Says that a writer will never write again. */
export function markEnded(directory: string, writer: WriterName): void {
  closeSync(openSync(join(directory, endFileName(writer)), APPEND_OWN, 0o600));
}

/**
 * Kept by the one process whose threads write: it knows which writers live. The others are marked
 * as ended, so that the reader can count what they lost, and their files count as taken places.
 */
export class SpoolKeeper {
  readonly #directory: string;
  readonly #node: string;
  readonly #places: SpoolPlaces;
  readonly #living = new Map<number, WriterName>();

  /** The caller holds the lock under which alone writers of this node are started. */
  constructor(directory: string, node: string, memory: SpoolMemory) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.#node = node;
    this.#places = new SpoolPlaces(memory, memory.slots);
    this.measure();
  }

  /** The name of a new writer in this slot; the one before it has ended. */
  begin(slot: number): WriterName {
    const name = { node: this.#node, slot, boot: randomBytes(8).toString('hex') };
    this.#living.set(slot, name);
    return name;
  }

  /** The thread is no more, however it ended. Its cell is to be emptied: its files count here now. */
  ended(slot: number, memory: SpoolMemory): void {
    this.#living.delete(slot);
    this.measure();
    new SpoolPlaces(memory, slot).set(0);
  }

  /** To be called now and then: what could not be marked is marked, what was taken is given back. */
  measure(): void {
    const living = new Set([...this.#living.values()].map(writerId));
    const dead = new Map<string, WriterName>();
    const ended = new Set<string>();
    let bytes = 0;
    for (const file of readdirSync(this.#directory)) {
      const entry = parseSpoolName(file);
      if (entry === null || entry.writer.node !== this.#node) continue;
      const id = writerId(entry.writer);
      if (living.has(id)) continue;
      if (entry.kind === 'end') ended.add(id);
      else dead.set(id, entry.writer);
      const found = statSync(join(this.#directory, file), { throwIfNoEntry: false });
      bytes += found?.size ?? 0;
    }
    this.#places.set(bytes);
    for (const [id, writer] of dead) if (!ended.has(id)) markEnded(this.#directory, writer);
  }
}
