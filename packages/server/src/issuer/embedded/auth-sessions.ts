import type { ArtefactStore } from '../artefacts/index.ts';

/** How far a person has come within an application. */
export interface AuthSession {
  /** Of the whole course of it: what is asked of a passkey holds for this one alone. */
  readonly id: string;
  readonly client: string;
  /** The key or the certificate that the application shows each time. */
  readonly key: string;
  /** The authorization request. */
  readonly asked: readonly (readonly [name: string, value: string])[];
  readonly login: string | null;
  /** Null: none was typed. Nobody is told before the second half is there. */
  readonly isPasswordRight: boolean | null;
  /** How often it went on. */
  readonly steps: number;
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
}

export interface AuthSessionPorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'consume' | 'countOfGrant'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
}

/** RTS on strong customer authentication (EU 2018/389) art. 4(3)(d), and nobody takes longer. */
const LIFE_MS = 300_000;
const KIND = 'AuthSession';
/** draft §5.3.1: 256 bits. */
const VALUE_BYTES = 32;
const ID_BYTES = 16;
const STEPS_MAX = 12;
/** Of one client, at one moment. Whoever comes beyond is led to our pages. */
const STANDING_MAX = 5_000;

/**
 * What an application shows to go on: a value for one step, which the next answer replaces. It is worth nothing without
 * the key of the application.
 */
export class AuthSessions {
  readonly #ports: AuthSessionPorts;

  constructor(ports: AuthSessionPorts) {
    this.#ports = ports;
  }

  begin(first: Pick<AuthSession, 'client' | 'key' | 'asked'>): AuthSession {
    const { random, now } = this.#ports;
    return {
      ...{ ...first, id: textOf(random(ID_BYTES)), login: null, isPasswordRight: null },
      ...{ steps: 0, endsAt: now() + LIFE_MS },
    };
  }

  /** Whether as many stand as may. */
  async isFull(client: string): Promise<boolean> {
    const standing = await this.#ports.artefacts.countOfGrant(KIND, ofClient(client), STANDING_MAX);
    return standing >= STANDING_MAX;
  }

  /** Undefined: it was used, has ended, or never was. */
  async find(value: string): Promise<AuthSession | undefined> {
    const found = await this.#ports.artefacts.find(KIND, value);
    if (found === undefined || found.consumedAt !== null) return undefined;
    return found.payload as unknown as AuthSession;
  }

  /** True for one caller. */
  use(value: string): Promise<boolean> {
    return this.#ports.artefacts.consume(KIND, value);
  }

  /** The value for the next step; null: it went on often enough. */
  async goOn(session: AuthSession): Promise<string | null> {
    if (session.steps >= STEPS_MAX) return null;
    const { artefacts, random } = this.#ports;
    const value = textOf(random(VALUE_BYTES));
    await artefacts.put(KIND, value, {
      payload: { ...session, steps: session.steps + 1 },
      ...{ expiresAt: session.endsAt, grant: ofClient(session.client) },
    });
    return value;
  }
}

/** They go with a client as other things go with a grant. */
function ofClient(client: string): string {
  return `auth sessions of ${client}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
