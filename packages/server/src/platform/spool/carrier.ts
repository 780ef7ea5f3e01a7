import { type Notify, platformNotice } from '../notices/index.ts';
import type { Timer, World } from '../world/index.ts';
import type { CarriedAnswer, CarriedEntry } from './carrying.ts';
import { realFolder } from './spool-folder.ts';
import { SpoolShipper } from './spool-shipper.ts';

export interface SpoolCarrierOptions {
  readonly directory: string;
  readonly send: (entries: readonly CarriedEntry[]) => Promise<readonly CarriedAnswer[] | null>;
  readonly notify: Notify;
  readonly world: Pick<World, 'now' | 'after'>;
}

const LOOK_EVERY_MS = 100;
/** Where control does not hear, or has no room. */
const TRY_AGAIN_AFTER_MS = 500;
const WAIT_MS = { more: 0, nothing: LOOK_EVERY_MS, unheard: TRY_AGAIN_AFTER_MS };

/** Lets the shipper look for more, again and again. */
export class SpoolCarrier {
  readonly #options: SpoolCarrierOptions;
  readonly #shipper: SpoolShipper;
  #timer: Timer | null = null;
  #isClosed = false;
  #inTrouble = false;
  #onceKept: (() => void) | null = null;

  constructor(options: SpoolCarrierOptions) {
    this.#options = options;
    const { directory, send, notify, world } = options;
    const { now } = world;
    this.#shipper = new SpoolShipper({ folder: realFolder(directory), send, notify, now });
    this.#later(0);
  }

  /** Returns when control keeps everything that lies here, or after `maxMs`: the next start carries the rest. */
  async finish(maxMs: number): Promise<void> {
    const kept = Promise.withResolvers<void>();
    this.#onceKept = kept.resolve;
    const timer = this.#options.world.after(maxMs, kept.resolve);
    await kept.promise;
    timer.cancel();
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #later(waitMs: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.world.after(waitMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    let waitMs = TRY_AGAIN_AFTER_MS;
    try {
      waitMs = WAIT_MS[await this.#shipper.step()];
      if (this.#onceKept !== null && this.#shipper.isAllKept) this.#onceKept();
      this.#inTrouble = false;
    } catch (error) {
      if (!this.#inTrouble) {
        const text = `carrying records to control: ${(error as Error).message}`;
        this.#options.notify(platformNotice('records_not_carried', text));
      }
      this.#inTrouble = true;
    }
    this.#later(waitMs);
  }
}
