import { createHash, timingSafeEqual } from 'node:crypto';
import type { ArtefactStore } from './artefact-store.ts';

export interface BoundToBrowserPorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'consume'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
}

const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/**
 * What a browser went away with, by the state that comes back: once, in time, in the browser that was sent. RFC 9700 §4.7.
 * What binds it is one secret for all its tabs, so that none ends what another is about.
 */
export class BoundToBrowser<Request> {
  readonly #ports: BoundToBrowserPorts;
  readonly #kind: string;
  readonly #lifeMs: number;

  constructor(ports: BoundToBrowserPorts, kind: string, lifeMs: number) {
    this.#ports = ports;
    this.#kind = kind;
    this.#lifeMs = lifeMs;
  }

  draw(): string {
    return Buffer.from(this.#ports.random(SECRET_BYTES)).toString('base64url');
  }

  /** The one that the browser shows, or a new one. */
  browserOf(shown: string | undefined): string {
    return shown !== undefined && SECRET.test(shown) ? shown : this.draw();
  }

  async keep(state: string, browser: string, request: Request): Promise<void> {
    const { artefacts, now } = this.#ports;
    const payload = { request, browser: digest(browser).toString('base64url') };
    await artefacts.put(this.#kind, state, { payload, expiresAt: now() + this.#lifeMs });
  }

  /**
   * Null: nobody was sent with it, it was used, is over, is another browser's, or not what is meant. One conditional
   * statement takes it: of a hundred at once, one has it.
   */
  async take(
    state: string,
    browser: string | undefined,
    isMeant: (request: Request) => boolean = () => true,
  ): Promise<Request | null> {
    const { artefacts } = this.#ports;
    if (browser === undefined || !SECRET.test(state)) return null;
    const found = await artefacts.find(this.#kind, state);
    if (found === undefined) return null;
    const expected = Buffer.from(String(found.payload['browser']), 'base64url');
    const request = found.payload['request'] as Request;
    // Whoever has only the address uses up nothing.
    if (!timingSafeEqual(expected, digest(browser)) || !isMeant(request)) return null;
    return (await artefacts.consume(this.#kind, state)) ? request : null;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
