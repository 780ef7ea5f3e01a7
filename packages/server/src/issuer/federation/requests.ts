import { createHash, timingSafeEqual } from 'node:crypto';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Place } from '../account/places.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { PageCall } from '../pages/page-call.ts';

/** What somebody went to a provider for. */
export type Purpose =
  /** To sign in for an application: its interaction. */
  | { readonly kind: 'application'; readonly uid: string }
  /** To sign in at their account. */
  | { readonly kind: 'account'; readonly place: Place }
  /** To come in that way, too, from now on: whoever was signed in, in which session. */
  | { readonly kind: 'link'; readonly account: string; readonly session: string };

/** What is remembered of whoever was sent to a provider. */
export interface FederationRequest {
  readonly provider: string;
  /** RFC 9207: answers of others are not for it, whatever the name leads to meanwhile. */
  readonly issuer: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly purpose: Purpose;
  /** In which they were spoken to before they left. */
  readonly language: AccountLanguage;
  /** Since when they must have shown there who they are, in seconds; null: whenever. */
  readonly notBefore: number | null;
}

export interface FederationRequestsPorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find' | 'consume'>;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  readonly isSecure: boolean;
}

const KIND = 'FederationRequest';
/** No longer than the request of an application that it is for. */
const LIFE_MS = 300_000;
const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Who was sent to a provider, by the state that comes back: once, in time, in the browser that was sent. */
export class FederationRequests {
  readonly #ports: FederationRequestsPorts;

  constructor(ports: FederationRequestsPorts) {
    this.#ports = ports;
  }

  draw(): string {
    return Buffer.from(this.#ports.random(SECRET_BYTES)).toString('base64url');
  }

  /** One cookie for a browser: in two tabs it comes back to both. */
  async keep(asked: PageCall, state: string, request: FederationRequest): Promise<void> {
    const { artefacts, now, isSecure } = this.#ports;
    const browser = this.#browserOf(asked) ?? this.draw();
    const rules = `Path=/; Max-Age=${LIFE_MS / 1000}; HttpOnly; SameSite=Lax`;
    const cookie = `${this.#name}=${browser}; ${rules}${isSecure ? '; Secure' : ''}`;
    asked.response.appendHeader('set-cookie', cookie);
    const payload = { request, browser: digest(browser).toString('base64url') };
    await artefacts.put(KIND, state, { payload, expiresAt: now() + LIFE_MS });
  }

  /** Null: nobody was sent with it, it was used, it is over, or it is another browser. One conditional statement takes it. */
  async take(asked: PageCall, state: string): Promise<FederationRequest | null> {
    const { artefacts } = this.#ports;
    const found = await artefacts.find(KIND, state);
    const browser = this.#browserOf(asked);
    if (found === undefined || browser === undefined) return null;
    const expected = Buffer.from(String(found.payload['browser']), 'base64url');
    // Whoever has only the address uses up nothing.
    if (!timingSafeEqual(expected, digest(browser))) return null;
    if (!(await artefacts.consume(KIND, state))) return null;
    return found.payload['request'] as FederationRequest;
  }

  #browserOf({ request }: PageCall): string | undefined {
    const start = `${this.#name}=`;
    const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
    const value = pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
    return value !== undefined && SECRET.test(value) ? value : undefined;
  }

  /** RFC 6265bis §4.1.3.2, as the other cookies. */
  get #name(): string {
    return `${this.#ports.isSecure ? '__Host-' : ''}poorter-federation`;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
