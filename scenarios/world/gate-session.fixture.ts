import assert from 'node:assert/strict';
import { type Answer, type CallOptions, call } from './calls.fixture.ts';
import { type RunningIssuer, startIssuer } from './own-issuer.fixture.ts';
import { goThrough, type Person } from './person.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import { SoftBrowser } from './soft-browser.fixture.ts';
import { unusedPort } from './unused-port.fixture.ts';

export const SESSION_COOKIE = 'poorter-gate';
export const SIGN_IN_COOKIE = 'poorter-gate-sign-in';

/** A gate at which browsers have sessions, and the authorization server behind it. */
export interface GateWithSessions {
  readonly issuer: RunningIssuer;
  /** As browsers know the gate. */
  readonly origin: string;
}

export async function startGateWithSessions(
  t: Lifetime,
  upstream: string,
  configuration: Record<string, unknown> = {},
): Promise<GateWithSessions> {
  const port = await unusedPort();
  const origin = `http://localhost:${port}`;
  const { api = {}, ...rest } = configuration;
  const wish = {
    ...{ listen: [{ address: `127.0.0.1:${port}` }], publicOrigin: origin },
    api: { flows: ['redirect', 'session'], ...(api as object) },
    // Each browser comes from an address of its own.
    trust: { proxies: ['127.0.0.1'] },
    ...rest,
  };
  return { issuer: await startIssuer(t, upstream, wish), origin };
}

/** A client for a page: its id. */
export function makePage(
  { issuer }: Pick<GateWithSessions, 'issuer'>,
  ...more: readonly string[]
): Promise<string> {
  const scopes = more.includes('--scopes') ? [] : ['--scopes', 'accounts.read'];
  const made = ['clients', 'create', '--name', 'Budget', '--profile', 'browser'];
  return issuer.run(...made, '--flows', 'session', ...scopes, ...more);
}

/** What a browser says of a call that a page on the gate makes. */
export const FROM_PAGE = { 'sec-fetch-site': 'same-origin' };

let browsers = 0;

/** A browser with a page of one client: its cookies at the gate, and at the authorization server. */
export class PageBrowser {
  readonly gate: GateWithSessions;
  readonly client: string;
  readonly there: SoftBrowser;
  readonly cookies = new Map<string, string>();
  readonly address = `10.0.${(browsers >> 8) & 255}.${(browsers += 1) & 255}`;

  constructor(gate: GateWithSessions, client: string, there = new SoftBrowser(gate.issuer.origin)) {
    this.gate = gate;
    this.client = client;
    this.there = there;
  }

  get session(): string {
    return this.cookies.get(SESSION_COOKIE) ?? '';
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Just this, with whatever cookies there are, and no word of a browser. */
  async ask(path: string, options: CallOptions = {}): Promise<Answer> {
    const { cookie } = this;
    const answer = await call(`${this.gate.origin}${path}`, {
      ...options,
      headers: {
        'x-forwarded-for': this.address,
        ...(cookie !== '' && { cookie }),
        ...(options.headers as object),
      },
    });
    for (const field of answer.headers['set-cookie'] ?? []) this.#keep(field);
    return answer;
  }

  /** As the page itself calls. */
  fetch(path: string, options: CallOptions = {}): Promise<Answer> {
    const isWrite = options.method !== undefined && options.method !== 'GET';
    const own = { ...FROM_PAGE, ...(isWrite && { origin: this.gate.origin }) };
    return this.ask(path, { ...options, headers: { ...own, ...(options.headers as object) } });
  }

  at(verb: 'sign-in' | 'callback' | 'session' | 'sign-out'): string {
    return `/.poorter/app/${this.client}/${verb}`;
  }

  /** Until it is sent to the authorization server: where. */
  async leave(query = ''): Promise<URL> {
    const left = await this.ask(`${this.at('sign-in')}${query}`, {
      headers: { ...FROM_PAGE, 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' },
    });
    assert.equal(left.status, 303, left.text);
    return new URL(String(left.headers.location));
  }

  /** Signs in there, and says yes: where it is sent back to at the gate. */
  async decide(person: Pick<Person, 'passkey'>, query = ''): Promise<URL> {
    return new URL(await goThrough(this.there, await this.leave(query), person));
  }

  comeBack(back: URL): Promise<Answer> {
    return this.ask(`${back.pathname}${back.search}`);
  }

  /** The whole way: the answer leads to the page. */
  async signIn(person: Pick<Person, 'passkey'>, query = ''): Promise<Answer> {
    const answer = await this.comeBack(await this.decide(person, query));
    assert.equal(answer.status, 303, answer.text);
    assert.notEqual(this.session, '');
    return answer;
  }

  async shown(): Promise<Record<string, unknown>> {
    const { text } = await this.fetch(this.at('session'));
    return JSON.parse(text) as Record<string, unknown>;
  }

  #keep(field: string): void {
    const [pair = '', ...attributes] = field.split(';').map((part) => part.trim());
    const split = pair.indexOf('=');
    const isGone = attributes.some((one) => /^max-age=0$/i.test(one));
    if (isGone) this.cookies.delete(pair.slice(0, split));
    else this.cookies.set(pair.slice(0, split), pair.slice(split + 1));
  }
}
