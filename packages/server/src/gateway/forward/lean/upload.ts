import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ConnectionError } from './connection-error.ts';

/** A body that goes on as it comes, no faster than the service takes it. */
export class Upload {
  isDone = false;
  readonly #from: Readable;
  readonly #to: Socket;
  readonly #announced: number | undefined;
  #sent = 0;
  readonly #onData: (chunk: Uint8Array) => void;
  readonly #onEnd: () => void;
  readonly #onDrain: () => void;
  readonly #onError: (error: Error) => void;
  readonly #onClose: () => void;

  constructor(
    from: Readable,
    announced: number | undefined,
    to: Socket,
    on: { readonly done: () => void; readonly failed: (error: Error) => void },
  ) {
    const fail = on.failed;
    this.#from = from;
    this.#to = to;
    this.#announced = announced;
    this.#onData = (chunk) => {
      this.#sent += chunk.length;
      if (announced !== undefined && this.#sent > announced) {
        return fail(new ConnectionError('BODY_LENGTH'));
      }
      if (!this.#write(chunk)) from.pause();
    };
    this.#onEnd = () => {
      if (announced !== undefined && this.#sent !== announced) {
        return fail(new ConnectionError('BODY_LENGTH'));
      }
      this.isDone = true;
      if (announced === undefined) to.write('0\r\n\r\n', 'latin1');
      this.end();
      on.done();
    };
    this.#onDrain = () => from.resume();
    this.#onError = (error) => fail(error);
    this.#onClose = () => {
      if (!this.isDone) fail(new ConnectionError('BODY_LENGTH'));
    };
    from.on('data', this.#onData).on('end', this.#onEnd);
    from.on('error', this.#onError).on('close', this.#onClose);
    to.on('drain', this.#onDrain);
    if (from.errored !== null) queueMicrotask(() => fail(from.errored as Error));
  }

  /** The service has heard enough, or is gone. */
  end(): void {
    this.#from.off('data', this.#onData).off('end', this.#onEnd);
    this.#from.off('close', this.#onClose);
    this.#to.off('drain', this.#onDrain);
  }

  #write(chunk: Uint8Array): boolean {
    if (this.#announced !== undefined) return this.#to.write(chunk);
    if (chunk.length === 0) return true;
    this.#to.cork();
    this.#to.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    this.#to.write(chunk);
    const mayGoOn = this.#to.write('\r\n', 'latin1');
    this.#to.uncork();
    return mayGoOn;
  }
}
