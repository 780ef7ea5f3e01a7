import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notify } from '../platform/notices/index.ts';
import {
  createSpoolMemory,
  SpoolKeeper,
  type SpoolMemory,
  type WriterName,
} from '../platform/spool/index.ts';
import type { Timer, World } from '../platform/world/index.ts';

const MEASURE_EVERY_MS = 500;

/** The spool as the crew sees it: which writers live, and how many bytes all of them take. */
export class CrewSpool {
  readonly #keeper: SpoolKeeper;
  readonly #memory: SpoolMemory;
  readonly #notify: Notify;
  readonly #measuring: Timer;

  /** To be called under the lock of the gateway. Null where the snapshot has no spool. */
  static open(
    { spool }: RuntimeSnapshot,
    threads: number,
    notify: Notify,
    world: Pick<World, 'every'>,
  ): CrewSpool | null {
    if (spool === null || spool === undefined) return null;
    const memory = createSpoolMemory(threads, spool.bytesMax);
    return new CrewSpool(
      new SpoolKeeper(spool.directory, spool.node, memory),
      memory,
      notify,
      world,
    );
  }

  private constructor(
    keeper: SpoolKeeper,
    memory: SpoolMemory,
    notify: Notify,
    world: Pick<World, 'every'>,
  ) {
    this.#keeper = keeper;
    this.#memory = memory;
    this.#notify = notify;
    this.#measuring = world.every(MEASURE_EVERY_MS, () => this.#safely(() => keeper.measure()));
  }

  begin(slot: number): { readonly name: WriterName; readonly memory: SpoolMemory } {
    return { name: this.#keeper.begin(slot), memory: this.#memory };
  }

  ended(slot: number): void {
    this.#safely(() => this.#keeper.ended(slot, this.#memory));
  }

  close(): void {
    this.#measuring.cancel();
  }

  /** A disk that refuses now is asked again soon. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#notify(notice('spool_unkept', `keeping the spool: ${String(error)}`));
    }
  }
}
