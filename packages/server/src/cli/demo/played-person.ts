import type { DemoPlace } from './demo-place.ts';
import { SoftwarePasskey } from './software-passkey.ts';
import type { Question, Teller, Told } from './teller.ts';

const PAGES_MAX = 6;
const STEPS_MAX = 10;

/** Somebody with a browser and a passkey: keeps cookies, follows redirects, runs no script. */
export class PlayedPerson {
  readonly #origin: string;
  readonly #teller: Teller;
  readonly #passkey: SoftwarePasskey;
  readonly #cookies = new Map<string, string>();

  constructor({ origin, played }: Pick<DemoPlace, 'origin' | 'played'>, teller: Teller) {
    this.#origin = origin;
    this.#teller = teller;
    this.#passkey = passkeyOf({ origin, played });
  }

  /** From a page on which they sign in, see what is asked and say yes, to where they are sent. */
  async goThrough(url: string): Promise<string> {
    let at = await this.#follow(url);
    for (let page = 0; page < PAGES_MAX && this.#isQuestion(at.url); page += 1) {
      at = await this.#follow(await this.#decide(at.url, at.answer.text));
    }
    return at.url;
  }

  /** Types the code that a device shows, and says that it is theirs. */
  async connectDevice(url: string): Promise<void> {
    const { answer } = await this.#follow(url);
    const code = /name="user_code"[^>]*value="([^"]+)"/.exec(answer.text)?.[1] ?? '';
    const typed = await this.#ask('/device', {
      form: { xsrf: secretIn(answer.text), user_code: code },
    });
    const yes = { xsrf: secretIn(typed.text), user_code: code, confirm: 'yes' };
    const confirmed = await this.#ask('/device', { form: yes });
    await this.goThrough(this.#placeIn(confirmed));
  }

  /** Signs in at a browser of their own, and decides what waits for them there. */
  async decide(): Promise<void> {
    const begun = await this.#ask('/account/sign-in/begin', { json: {} });
    const credential = this.#passkey.shown(begun.json as never);
    await this.#ask('/account/sign-in/finish?to=decision', { json: { credential } });
    await this.#ask('/account/decision');
    const asked = await this.#ask('/account/decision/begin', { json: {} });
    await this.#ask('/account/decision/finish', {
      json: { credential: this.#passkey.shown(asked.json as never) },
    });
  }

  async #decide(url: string, page: string): Promise<string> {
    const { pathname } = new URL(url);
    if (/value="allow"/.test(page)) {
      return this.#placeIn(await this.#ask(`${pathname}/consent`, { form: { decision: 'allow' } }));
    }
    const step = page.includes('data-kind="approve"') ? `${pathname}/approve` : pathname;
    const begun = await this.#ask(`${step}/begin`, { json: {} });
    const credential = this.#passkey.shown(begun.json as never);
    const finished = await this.#ask(`${step}/finish`, { json: { credential } });
    const { location } = finished.json;
    if (typeof location !== 'string')
      throw new Error(`the passkey was not taken: ${finished.text}`);
    return new URL(location, this.#origin).href;
  }

  #isQuestion(url: string): boolean {
    return url.startsWith(`${this.#origin}/sign-in/`);
  }

  async #follow(url: string): Promise<{ url: string; answer: Told }> {
    let at = url;
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const answer = await this.#ask(at.slice(this.#origin.length));
      const location = answer.headers.get('location');
      if (location === null) return { url: at, answer };
      at = new URL(location, at).href;
      if (!at.startsWith(`${this.#origin}/`)) return { url: at, answer };
    }
    throw new Error('they are sent round and round');
  }

  #placeIn(answer: Told): string {
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`they are sent nowhere: ${answer.status}`);
    return new URL(location, this.#origin).href;
  }

  async #ask(path: string, question: Question = {}): Promise<Told> {
    const isSent = question.form !== undefined || question.json !== undefined;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.#teller.ask(`${this.#origin}${path}`, {
      ...question,
      headers: {
        ...(isSent && { origin: this.#origin }),
        ...(cookie !== '' && { cookie }),
      },
    });
    for (const field of answer.headers.getSetCookie()) this.#keep(field);
    return answer;
  }

  #keep(field: string): void {
    const [pair = ''] = field.split(';');
    const split = pair.indexOf('=');
    const isGone = /;\s*expires=Thu, 01 Jan 1970/i.test(field);
    if (isGone) this.#cookies.delete(pair.slice(0, split));
    else this.#cookies.set(pair.slice(0, split), pair.slice(split + 1));
  }
}

/** As it was kept. */
export function passkeyOf({
  origin,
  played,
}: Pick<DemoPlace, 'origin' | 'played'>): SoftwarePasskey {
  const { credential: id, passkey: jwk, id: user } = played;
  return new SoftwarePasskey(origin, { id, jwk, user });
}

/** Makes a passkey behind a link that an operator has made. */
export async function enrolPlayed(
  origin: string,
  link: string,
  teller: Teller,
): Promise<SoftwarePasskey> {
  const secret = new URL(link).hash.slice(1);
  const ask = (path: string, json: object) =>
    teller.ask(`${origin}${path}`, { json, headers: { origin } });
  const begun = await ask('/enrol/begin', { link: secret });
  const passkey = SoftwarePasskey.make(origin, begun.json as never);
  const credential = passkey.created(begun.json as never);
  const finished = await ask('/enrol/finish', { link: secret, credential });
  if (finished.status !== 200) throw new Error(`making a passkey: ${finished.text}`);
  return passkey;
}

function secretIn(page: string): string {
  return /name="xsrf" value="([0-9a-f]+)"/.exec(page)?.[1] ?? '';
}
