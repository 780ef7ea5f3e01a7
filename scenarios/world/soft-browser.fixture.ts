import { request } from 'undici';

export interface Answered {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const STEPS_MAX = 10;

/** Keeps cookies and follows redirects within one origin, as a browser does; it runs no script. */
export class SoftBrowser {
  readonly origin: string;
  readonly #agent: string;
  readonly #cookies = new Map<string, string>();
  #shown = '';

  /** `agent`: what it calls itself. */
  constructor(origin: string, agent = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0') {
    this.origin = origin;
    this.#agent = agent;
  }

  /** All that it keeps, as it sends it. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** What was answered last. */
  get shown(): string {
    return this.#shown;
  }

  async get(path: string): Promise<Answered> {
    return this.#ask('GET', path);
  }

  /** Until it is sent elsewhere, or a page stands. */
  async follow(path: string): Promise<Answered & { readonly at: string }> {
    let at = new URL(path, this.origin);
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const answered = await this.get(`${at.pathname}${at.search}`);
      if (answered.location === null) return { ...answered, at: at.href };
      at = new URL(answered.location, at);
      if (at.origin !== this.origin) return { ...answered, at: at.href };
    }
    throw new Error('it is sent round and round');
  }

  async postJson(path: string, body: object, origin = this.origin): Promise<Answered> {
    const headers = { 'content-type': 'application/json', origin };
    return this.#ask('POST', path, JSON.stringify(body), headers);
  }

  async postForm(path: string, fields: Record<string, string>, origin = this.origin) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin };
    return this.#ask('POST', path, String(new URLSearchParams(fields)), headers);
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const { cookie } = this;
    const answer = await request(new URL(path, this.origin), {
      ...{ method, ...(body !== undefined && { body }) },
      headers: { 'user-agent': this.#agent, ...headers, ...(cookie !== '' && { cookie }) },
    });
    for (const one of [answer.headers['set-cookie'] ?? []].flat()) this.#keep(one);
    const { location } = answer.headers;
    this.#shown = await answer.body.text();
    return {
      ...{ status: answer.statusCode, text: this.#shown, headers: answer.headers },
      location: typeof location === 'string' ? location : null,
    };
  }

  #keep(field: string): void {
    const [pair = '', ...attributes] = field.split(';').map((part) => part.trim());
    const split = pair.indexOf('=');
    const name = pair.slice(0, split);
    const isGone = attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one));
    if (isGone) this.#cookies.delete(name);
    else this.#cookies.set(name, pair.slice(split + 1));
  }
}
