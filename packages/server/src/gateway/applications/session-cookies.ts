import { type RequestFacts, readCookie } from '@poorter/engine';
import type { GateSessionsSnapshot } from '../../messages/gate-sessions.ts';

const GONE = 'Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT';

/** Cookies of the gate itself, as browsers keep them. */
export class SessionCookies {
  readonly #session: string;
  readonly #signIn: string;
  readonly #rules: string;

  constructor({ origin, cookie, signInCookie }: GateSessionsSnapshot) {
    this.#session = cookie;
    this.#signIn = signInCookie;
    this.#rules = `Path=/; HttpOnly${origin.startsWith('https:') ? '; Secure' : ''}`;
  }

  /** Undefined: there is none, or there are two, of which nobody knows which one counts. */
  sessionOf(request: RequestFacts): string | undefined {
    return shownIn(request, this.#session);
  }

  /** By which a browser is known that was sent to sign in. */
  browserOf(request: RequestFacts): string | undefined {
    return shownIn(request, this.#signIn);
  }

  /** No page of another site makes a browser send it, whatever it does. It lasts as long as the browser, and no longer than its row. */
  begin(session: string): readonly string[] {
    return ['set-cookie', `${this.#session}=${session}; ${this.#rules}; SameSite=Strict`];
  }

  /** Also sent when somebody comes back from another site, by a link: whoever has it gets nothing by it. */
  leave(browser: string, lifeSeconds: number): readonly string[] {
    const rules = `${this.#rules}; Max-Age=${lifeSeconds}; SameSite=Lax`;
    return ['set-cookie', `${this.#signIn}=${browser}; ${rules}`];
  }

  end(): readonly string[] {
    return ['set-cookie', `${this.#session}=; ${this.#rules}; SameSite=Strict; ${GONE}`];
  }
}

function shownIn({ headers }: RequestFacts, name: string): string | undefined {
  const found = readCookie(headers, name);
  return found.kind === 'value' && /^[\w-]{43}$/.test(found.value) ? found.value : undefined;
}
