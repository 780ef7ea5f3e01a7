import { createHash, timingSafeEqual } from 'node:crypto';
import type { ArtefactStore } from '../artefacts/index.ts';

/** Somebody on their way to our pages, for a page of this client. */
export interface GateSignIn {
  readonly client: string;
  readonly verifier: string;
  readonly nonce: string;
  /** Where they go on, on the origin of the page. */
  readonly returnPath: string;
}

export interface GateSignInsPorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'consume'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
}

const KIND = 'GateSignIn';
/** Whoever looks for their passkey, or makes one, takes a while. */
export const SIGN_IN_LIFE_SECONDS = 600;
const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Who was sent to sign in, by the state that comes back: once, in time, in the browser that was sent. RFC 9700 §4.7. */
export class GateSignIns {
  readonly #ports: GateSignInsPorts;

  constructor(ports: GateSignInsPorts) {
    this.#ports = ports;
  }

  draw(): string {
    return Buffer.from(this.#ports.random(SECRET_BYTES)).toString('base64url');
  }

  /** What binds it to the browser: one for all its tabs, so that none ends the sign-in of another. */
  browserOf(shown: string | undefined): string {
    return shown !== undefined && SECRET.test(shown) ? shown : this.draw();
  }

  async keep(state: string, browser: string, signIn: GateSignIn): Promise<void> {
    const { artefacts, now } = this.#ports;
    const payload = { signIn, browser: digest(browser).toString('base64url') };
    const expiresAt = now() + SIGN_IN_LIFE_SECONDS * 1_000;
    await artefacts.put(KIND, state, { payload, expiresAt });
  }

  /** Null: nobody was sent with it, for this client and in this browser; it was used, or is over. Of a hundred at once, one has it. */
  async take(
    state: string,
    browser: string | undefined,
    client: string,
  ): Promise<GateSignIn | null> {
    const { artefacts } = this.#ports;
    if (browser === undefined || !SECRET.test(state)) return null;
    const found = await artefacts.find(KIND, state);
    if (found === undefined) return null;
    const expected = Buffer.from(String(found.payload['browser']), 'base64url');
    const signIn = found.payload['signIn'] as GateSignIn;
    // Whoever has only the address uses up nothing.
    if (!timingSafeEqual(expected, digest(browser)) || signIn.client !== client) return null;
    return (await artefacts.consume(KIND, state)) ? signIn : null;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
