import { notice } from '../messages/notices.ts';
import { databaseFault } from '../platform/database/index.ts';
import type { Notify } from '../platform/notices/index.ts';
import type { Timer, World } from '../platform/world/index.ts';
import type { ControlTroubles } from './troubles.ts';

/** Other programs on the same database, such as a second control, are noticed this fast. */
const LOOK_EVERY_MS = 1_000;
const HOUSEKEEPING_EVERY_MS = 60_000;

export interface BackgroundPorts {
  readonly world: Pick<World, 'now' | 'every'>;
  /** Takes over what others have changed in the database. */
  readonly look: () => Promise<void>;
  /** Removes from the database what is over. */
  readonly keepHouse: () => Promise<void>;
  readonly notify: Notify;
}

/** What control does without being asked. Each piece is small, and none begins before the last has ended. */
export class Background {
  readonly #ports: BackgroundPorts;
  #timers: readonly Timer[] = [];
  #fault: ControlTroubles['database'] = null;

  constructor(ports: BackgroundPorts) {
    this.#ports = ports;
  }

  start(): void {
    const { world, keepHouse, notify } = this.#ports;
    this.#timers = [
      world.every(
        LOOK_EVERY_MS,
        oneAtATime(() => this.#look()),
      ),
      world.every(
        HOUSEKEEPING_EVERY_MS,
        oneAtATime(async () => {
          try {
            await keepHouse();
          } catch (error) {
            const text = `keeping the database in order: ${databaseFault(error)}`;
            notify(notice('database_unkept', text));
          }
        }),
      ),
    ];
  }

  /** Why the database could not be asked when it was looked at last; null: it could. */
  get fault(): ControlTroubles['database'] {
    return this.#fault;
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  async #look(): Promise<void> {
    const { look, notify, world } = this.#ports;
    try {
      await look();
      this.#fault = null;
    } catch (error) {
      const message = databaseFault(error);
      this.#fault ??= { since: new Date(world.now()).toISOString(), message };
      notify(notice('database_unread', `looking for changes in the database: ${message}`));
    }
  }
}

function oneAtATime(work: () => Promise<void>): () => void {
  let isUnderWay = false;
  return () => {
    if (isUnderWay) return;
    isUnderWay = true;
    void work().finally(() => {
      isUnderWay = false;
    });
  };
}
