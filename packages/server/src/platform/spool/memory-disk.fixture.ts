import type { SpoolDisk } from './spool-files.ts';
import type { SpoolFolder, SpoolReading } from './spool-folder.ts';

/** Thrown where a process is killed: whoever sees it is no more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

interface Inode {
  bytes: Buffer;
  /** What a power cut leaves for sure. */
  durable: Buffer;
  modifiedMs: number;
}

/** Draws a number below `below`. */
export type Draw = (below: number) => number;

/**
 * A folder that knows what a power cut would leave of it, and that can be told to kill whoever uses it
 * at the Nth change, or to refuse changes for a while.
 */
export class MemoryDisk {
  readonly #draw: Draw;
  readonly #now: () => number;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  /** Refuses so many changes more. */
  fullFor = 0;

  constructor(draw: Draw, now: () => number) {
    this.#draw = draw;
    this.#now = now;
  }

  get names(): string[] {
    return [...this.#names.keys()];
  }

  /** As a process sees it that is killed at the change that `cut` says. */
  folder(cut: Cut): SpoolFolder {
    const change = (work: () => void, half: () => void = () => undefined) => {
      if (this.fullFor > 0) {
        this.fullFor--;
        half();
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }
      const moment = cut.next();
      if (moment === 'before') throw new Killed();
      if (moment === 'half') {
        half();
        throw new Killed();
      }
      work();
      if (moment === 'after') throw new Killed();
    };
    return {
      names: () => {
        cut.look();
        return this.names;
      },
      open: (name) => this.#open(name),
      stat: (name) => {
        const inode = this.#names.get(name);
        return inode === undefined
          ? null
          : { bytes: inode.bytes.length, modifiedMs: inode.modifiedMs };
      },
      append: (name, offset, bytes) =>
        change(
          () => this.#append(name, offset, bytes),
          () => this.#append(name, offset, bytes.subarray(0, this.#draw(bytes.length + 1))),
        ),
      create: (name, bytes) =>
        change(() => {
          const inode = this.#made();
          inode.bytes = Buffer.from(bytes);
          inode.durable = inode.bytes;
          this.#names.set(name, inode);
          this.#durableNames = new Map(this.#names);
        }),
      sync: (name) =>
        change(() => {
          const inode = this.#names.get(name);
          if (inode === undefined) throw Object.assign(new Error(name), { code: 'ENOENT' });
          inode.durable = inode.bytes;
        }),
      syncNames: () =>
        change(() => {
          this.#durableNames = new Map(this.#names);
        }),
      remove: (name) => change(() => void this.#names.delete(name)),
    };
  }

  /** For a `SpoolWriter`. Once `life.isOver`, nothing comes of what it asks. */
  writerDisk(life: { isOver: boolean }): SpoolDisk {
    const never = new Promise<never>(() => undefined);
    const alive = async () => {
      if (life.isOver) await never;
      if (this.fullFor > 0) {
        this.fullFor--;
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }
    };
    return {
      create: async (_, name, header) => {
        await alive();
        const inode = this.#made();
        inode.bytes = Buffer.from(header);
        this.#names.set(name, inode);
        let isNameSynced = false;
        return {
          write: async (bytes, position) => {
            await alive();
            const count = this.#draw(4) === 0 ? 1 + this.#draw(bytes.length) : bytes.length;
            inode.bytes = Buffer.concat([
              inode.bytes.subarray(0, position),
              bytes.subarray(0, count),
            ]);
            return count;
          },
          sync: async () => {
            await alive();
            inode.durable = inode.bytes;
            if (!isNameSynced) this.#durableNames = new Map(this.#names);
            isNameSynced = true;
          },
          close: async () => undefined,
        };
      },
      createCounter: (_, name) => {
        const inode = this.#made();
        this.#names.set(name, inode);
        return {
          set: (count) => {
            if (life.isOver) throw new Killed();
            inode.bytes = Buffer.from(new Float64Array([count]).buffer);
          },
          close: () => undefined,
        };
      },
    };
  }

  powerCut(): void {
    const names = new Map<string, Inode>();
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const [now, before] = [this.#names.get(name), this.#durableNames.get(name)];
      const left = now === before || this.#draw(2) === 0 ? now : before;
      if (left !== undefined) names.set(name, left);
    }
    for (const inode of names.values()) inode.bytes = this.#leftOf(inode);
    for (const inode of names.values()) inode.durable = inode.bytes;
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  /** An empty file, if there is none. */
  touch(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, this.#made());
  }

  erase(): void {
    this.#names.clear();
    this.#durableNames.clear();
  }

  #leftOf({ bytes, durable }: Inode): Buffer {
    const isGrown =
      bytes.length >= durable.length && bytes.subarray(0, durable.length).equals(durable);
    if (!isGrown)
      return this.#draw(2) === 0 ? durable : bytes.subarray(0, this.#draw(bytes.length + 1));
    const left = Buffer.from(
      bytes.subarray(0, durable.length + this.#draw(bytes.length - durable.length + 1)),
    );
    // The length reached the disk, and the bytes did not.
    if (this.#draw(5) === 0)
      left.fill(0, durable.length + this.#draw(left.length - durable.length + 1));
    return left;
  }

  #made(): Inode {
    return { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), modifiedMs: this.#now() };
  }

  #append(name: string, offset: number, bytes: Uint8Array): void {
    let inode = this.#names.get(name);
    if (inode === undefined) {
      if (offset !== 0) throw Object.assign(new Error(name), { code: 'ENOENT' });
      inode = this.#made();
      this.#names.set(name, inode);
    }
    if (offset === 0) inode.bytes = Buffer.alloc(0);
    if (inode.bytes.length !== offset) throw new RangeError(`${name}: ${inode.bytes.length}`);
    inode.bytes = Buffer.concat([inode.bytes, bytes]);
    inode.modifiedMs = this.#now();
  }

  #open(name: string): SpoolReading | null {
    const inode = this.#names.get(name);
    if (inode === undefined) return null;
    const bytes = inode.bytes;
    return {
      bytes: bytes.length,
      read: (position, length) => Buffer.from(bytes.subarray(position, position + length)),
      close: () => undefined,
    };
  }
}

/** When a process is killed: after so many changes of its disk, before, in the middle of or after one. */
export class Cut {
  #left = Number.POSITIVE_INFINITY;
  #moment: 'before' | 'half' | 'after' = 'before';

  arm(changes: number, moment: 'before' | 'half' | 'after'): void {
    this.#left = changes;
    this.#moment = moment;
  }

  disarm(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  next(): 'before' | 'half' | 'after' | null {
    if (this.#left-- > 0) return null;
    this.disarm();
    return this.#moment;
  }

  /** A look changes nothing, and is a step all the same. */
  look(): void {
    if (this.next() !== null) throw new Killed();
  }
}
