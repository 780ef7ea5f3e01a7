/**
 * How much of the spool is taken, in memory that all threads of a gateway share: one cell a thread,
 * and one for the files of writers that are no more. A thread changes only its own cell.
 */
export interface SpoolMemory {
  readonly buffer: SharedArrayBuffer;
  readonly slots: number;
  readonly bytesMax: number;
}

const UNIT_BYTES = 256;
/** What a call takes at admission, until its record's true length is known. */
const RESERVED_UNITS = 8;
const FILES_A_SLOT = 4;

export function createSpoolMemory(slots: number, bytesMax: number): SpoolMemory {
  return { buffer: new SharedArrayBuffer((slots + 1) * 4), slots, bytesMax };
}

export class SpoolPlaces {
  readonly #cells: Int32Array;
  readonly #slot: number;
  readonly #unitsMax: number;
  /**
   * What one file of a thread may take. Files go only whole: were they larger, those that all threads
   * have begun could take every place, and none would ever be full and go.
   */
  readonly shareBytes: number;

  /** `slot` equal to `slots` is the cell of writers that are no more. */
  constructor({ buffer, slots, bytesMax }: SpoolMemory, slot: number) {
    if (!(Number.isInteger(slot) && slot >= 0 && slot <= slots)) {
      throw new RangeError(`spool: there is no slot ${slot}`);
    }
    this.#cells = new Int32Array(buffer);
    this.#slot = slot;
    this.#unitsMax = Math.floor(bytesMax / UNIT_BYTES);
    this.shareBytes = Math.floor(bytesMax / Math.max(1, slots) / FILES_A_SLOT);
  }

  reserve(): boolean {
    Atomics.add(this.#cells, this.#slot, RESERVED_UNITS);
    if (this.#taken() <= this.#unitsMax) return true;
    Atomics.sub(this.#cells, this.#slot, RESERVED_UNITS);
    return false;
  }

  /** Reservations became bytes on disk. Says how many units those take, to be given back one day. */
  settle(reservations: number, bytes: number): number {
    const taken = units(bytes);
    Atomics.add(this.#cells, this.#slot, taken - reservations * RESERVED_UNITS);
    return taken;
  }

  /** A file is gone that took so many units. */
  release(taken: number): void {
    Atomics.sub(this.#cells, this.#slot, taken);
  }

  /** All that this cell stands for, measured anew. */
  set(bytes: number): void {
    Atomics.store(this.#cells, this.#slot, units(bytes));
  }

  get takenBytes(): number {
    return this.#taken() * UNIT_BYTES;
  }

  #taken(): number {
    let sum = 0;
    for (let slot = 0; slot < this.#cells.length; slot++) sum += Atomics.load(this.#cells, slot);
    return sum;
  }
}

function units(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES);
}
