import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Place } from '../account/places.ts';
import { BoundToBrowser, type BoundToBrowserPorts } from '../artefacts/index.ts';
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

export interface FederationRequestsPorts extends BoundToBrowserPorts {
  readonly isSecure: boolean;
}

/** No longer than the request of an application that it is for. */
const LIFE_MS = 300_000;

/** Who was sent to a provider; a cookie binds it to the browser. */
export class FederationRequests {
  readonly #isSecure: boolean;
  readonly #sent: BoundToBrowser<FederationRequest>;

  constructor({ isSecure, ...ports }: FederationRequestsPorts) {
    this.#isSecure = isSecure;
    this.#sent = new BoundToBrowser(ports, 'FederationRequest', LIFE_MS);
  }

  draw(): string {
    return this.#sent.draw();
  }

  /** One cookie for a browser: in two tabs it comes back to both. */
  async keep(asked: PageCall, state: string, request: FederationRequest): Promise<void> {
    const browser = this.#sent.browserOf(this.#cookieOf(asked));
    const rules = `Path=/; Max-Age=${LIFE_MS / 1000}; HttpOnly; SameSite=Lax`;
    const cookie = `${this.#name}=${browser}; ${rules}${this.#isSecure ? '; Secure' : ''}`;
    asked.response.appendHeader('set-cookie', cookie);
    await this.#sent.keep(state, browser, request);
  }

  /** Null: nobody was sent with it, it was used, it is over, or it is another browser. */
  take(asked: PageCall, state: string): Promise<FederationRequest | null> {
    return this.#sent.take(state, this.#cookieOf(asked));
  }

  #cookieOf({ request }: PageCall): string | undefined {
    const start = `${this.#name}=`;
    const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
    return pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
  }

  /** RFC 6265bis §4.1.3.2, as the other cookies. */
  get #name(): string {
    return `${this.#isSecure ? '__Host-' : ''}poorter-federation`;
  }
}
