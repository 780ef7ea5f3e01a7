import type { SpoolWriter } from '../platform/spool/index.ts';
import type { CallRecord, RecordSink, TouchedObjects } from './call-record.ts';
import type { JsonLinesSink } from './json-lines-sink.ts';
import { callLine, intentLine, outcomeLine } from './spool-line.ts';

/** Records into the spool, and as clear text beside it where that was asked for. */
export class RecordSpool implements RecordSink {
  readonly #spool: SpoolWriter;
  readonly #clearText: JsonLinesSink | null;
  readonly #onNoPlace: () => void;

  constructor(
    spool: SpoolWriter,
    clearText: JsonLinesSink | null,
    onNoPlace: () => void = () => undefined,
  ) {
    this.#spool = spool;
    this.#clearText = clearText;
    this.#onNoPlace = onNoPlace;
  }

  /** Records wait for a disk that refuses them; none is dropped. */
  get isInTrouble(): boolean {
    return this.#spool.isInTrouble || this.#clearText?.isInTrouble === true;
  }

  reserve(): boolean {
    const hasPlace = this.#takePlace();
    if (!hasPlace) this.#onNoPlace();
    return hasPlace;
  }

  #takePlace(): boolean {
    if (this.#clearText === null) return this.#spool.admit();
    if (!this.#clearText.reserve()) return false;
    if (this.#spool.admit()) return true;
    this.#clearText.release();
    return false;
  }

  write(record: CallRecord, objects: TouchedObjects = null): void {
    this.#spool.append(callLine(record, objects));
    this.#clearText?.write(record);
  }

  commitIntent(record: CallRecord, objects: TouchedObjects = null): Promise<void> {
    return this.#spool.commit(intentLine(record, objects));
  }

  commitOutcome(record: CallRecord): Promise<void> {
    return this.#spool.commit(outcomeLine(record, new Date().toISOString()));
  }

  /**
   * A record that must be on disk before anyone goes on: the one of its reservation, unless it is what
   * is only intended.
   */
  async commit(record: CallRecord): Promise<void> {
    await this.#spool.commit(callLine(record, null));
    const isIntent = record.decision === 'intended';
    if (!isIntent) this.#spool.settle();
    if (!isIntent || this.#clearText?.reserve()) this.#clearText?.write(record);
  }

  async flush(): Promise<void> {
    await Promise.all([this.#spool.flush(), this.#clearText?.flush()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#spool.close(), this.#clearText?.close()]);
  }
}
