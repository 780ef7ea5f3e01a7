import type { WebSocket } from 'ws';
import { encodeInPieces } from './link-codec.ts';

/**
 * Messages in their order. A large one is spelled and sent in pieces, a turn of the event loop each, so
 * that whoever else is served by this loop does not wait for the whole.
 */
export class OutgoingMessages {
  readonly #connection: Pick<WebSocket, 'send' | 'close'>;
  readonly #waiting: object[] = [];
  #isWriting = false;
  #isEnding = false;

  constructor(connection: Pick<WebSocket, 'send' | 'close'>) {
    this.#connection = connection;
  }

  /** How many wait behind one that is being written. */
  get length(): number {
    return this.#waiting.length;
  }

  put(message: object): void {
    if (this.#isEnding) return;
    if (this.#isWriting) this.#waiting.push(message);
    else this.#write(message);
  }

  /** Closes the connection behind what was put so far. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#connection.close();
  }

  #write(message: object): void {
    const pieces = encodeInPieces(message);
    let piece = pieces.next().value as string;
    const step = () => {
      const next = pieces.next();
      // To a connection that is gone nothing is sent, and nobody is told.
      this.#connection.send(piece, { fin: next.done === true }, () => undefined);
      if (next.done === true) return this.#written();
      piece = next.value;
      setImmediate(step);
    };
    this.#isWriting = true;
    step();
  }

  #written(): void {
    this.#isWriting = false;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#write(next);
    else if (this.#isEnding) this.#connection.close();
  }
}
