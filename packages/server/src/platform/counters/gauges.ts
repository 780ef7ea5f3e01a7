import { type CounterMemory, viewsOf } from './counter-memory.ts';

/**
 * Memory that callers can fill (bodies, answers) draws on one budget for all threads. Each thread
 * keeps its own share, so that the share of a dead one can be given back.
 */
export class ByteLedger {
  readonly #ledger: BigInt64Array;
  readonly #slot: number;
  readonly #budget: bigint;
  readonly #scarce: bigint;
  readonly #onScarce: () => void;

  /** `onScarce` is called whenever three quarters of the budget are taken. */
  constructor(
    memory: CounterMemory,
    threadSlot: number,
    budgetBytes: number,
    onScarce: () => void = () => undefined,
  ) {
    this.#ledger = viewsOf(memory).ledger;
    this.#slot = checkedSlot(memory, threadSlot);
    this.#budget = BigInt(budgetBytes);
    this.#scarce = (this.#budget * 3n) / 4n;
    this.#onScarce = onScarce;
  }

  /**
   * Reserves first and looks after: two threads at the very edge may both be refused, but the
   * budget is never exceeded by what was granted.
   */
  reserve(bytes: number): boolean {
    const amount = BigInt(bytes);
    if (!(amount >= 0n)) throw new RangeError('byte ledger: bytes must not be negative');
    Atomics.add(this.#ledger, this.#slot, amount);
    const sum = this.#sum();
    if (sum > this.#scarce) this.#onScarce();
    if (sum <= this.#budget) return true;
    Atomics.sub(this.#ledger, this.#slot, amount);
    return false;
  }

  release(bytes: number): void {
    const amount = BigInt(bytes);
    const held = Atomics.load(this.#ledger, this.#slot);
    if (!(amount >= 0n && amount <= held)) {
      throw new RangeError('byte ledger: more bytes released than reserved');
    }
    Atomics.sub(this.#ledger, this.#slot, amount);
  }

  get reservedBytes(): number {
    return Number(this.#sum());
  }

  #sum(): bigint {
    let sum = 0n;
    for (let slot = 0; slot < this.#ledger.length; slot += 1) {
      sum += Atomics.load(this.#ledger, slot);
    }
    return sum;
  }
}

/** Calls under way, all threads together. */
export class InFlightGauge {
  readonly #inFlight: Int32Array;
  readonly #slot: number;

  constructor(memory: CounterMemory, threadSlot: number) {
    this.#inFlight = viewsOf(memory).inFlight;
    this.#slot = checkedSlot(memory, threadSlot);
  }

  enter(): void {
    Atomics.add(this.#inFlight, this.#slot, 1);
  }

  leave(): void {
    Atomics.sub(this.#inFlight, this.#slot, 1);
  }

  get total(): number {
    let sum = 0;
    for (let slot = 0; slot < this.#inFlight.length; slot += 1) {
      sum += Atomics.load(this.#inFlight, slot);
    }
    return sum;
  }
}

function checkedSlot(memory: CounterMemory, slot: number): number {
  if (Number.isInteger(slot) && slot >= 0 && slot < memory.layout.threads) return slot;
  throw new RangeError(`gauge: there is no thread slot ${slot}`);
}
