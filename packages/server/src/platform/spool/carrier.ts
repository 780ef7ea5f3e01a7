import type { CarriedAnswer, CarriedEntry } from './carrying.ts';
import { realFolder } from './spool-folder.ts';
import { SpoolShipper } from './spool-shipper.ts';

export interface SpoolCarrierOptions {
  readonly directory: string;
  readonly send: (entries: readonly CarriedEntry[]) => Promise<readonly CarriedAnswer[] | null>;
  readonly onTrouble: (message: string) => void;
}

const LOOK_EVERY_MS = 100;
/** Where control does not hear, or has no room. */
const TRY_AGAIN_AFTER_MS = 500;
const WAIT_MS = { more: 0, nothing: LOOK_EVERY_MS, unheard: TRY_AGAIN_AFTER_MS };

/** Lets the shipper look for more, again and again. */
export class SpoolCarrier {
  readonly #options: SpoolCarrierOptions;
  readonly #shipper: SpoolShipper;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #inTrouble = false;
  #onceKept: (() => void) | null = null;

  constructor(options: SpoolCarrierOptions) {
    this.#options = options;
    const { directory, send, onTrouble } = options;
    this.#shipper = new SpoolShipper({ folder: realFolder(directory), send, onTrouble });
    this.#later(0);
  }

  /** Returns when control keeps everything that lies here, or after `maxMs`: the next start carries the rest. */
  async finish(maxMs: number): Promise<void> {
    const kept = Promise.withResolvers<void>();
    this.#onceKept = kept.resolve;
    const timer = setTimeout(kept.resolve, maxMs);
    await kept.promise;
    clearTimeout(timer);
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(waitMs: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    let waitMs = TRY_AGAIN_AFTER_MS;
    try {
      waitMs = WAIT_MS[await this.#shipper.step()];
      if (this.#onceKept !== null && this.#shipper.isAllKept) this.#onceKept();
      this.#inTrouble = false;
    } catch (error) {
      if (!this.#inTrouble) {
        this.#options.onTrouble(`carrying records to control: ${(error as Error).message}`);
      }
      this.#inTrouble = true;
    }
    this.#later(waitMs);
  }
}
