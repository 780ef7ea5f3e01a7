import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOTP } from 'otpauth';
import type { RunningIssuer } from './own-issuer.fixture.ts';
import { enrol, type Person, signIn } from './person.fixture.ts';
import { SoftBrowser } from './soft-browser.fixture.ts';

export const PASSWORD = 'een heel ongewone zin';
/** So long after it was made, a code is still looked at as one that may be taken, however slow the machine is. */
const ON_ITS_WAY_MS = 15_000;

/** As an app shows them. Each is good once, and only upwards. */
export class Codes {
  readonly #totp: TOTP;
  readonly #stepMs: number;
  #used = 0;

  constructor(key: string, terms: ConstructorParameters<typeof TOTP>[0] = {}) {
    this.#totp = new TOTP({ ...terms, secret: key.replaceAll(' ', '') });
    this.#stepMs = this.#totp.period * 1000;
  }

  /** The earliest that is still taken when it arrives: one step before this one, this one, or the next. */
  async next(): Promise<string> {
    for (;;) {
      const now = Date.now();
      const step = Math.floor(now / this.#stepMs);
      const leftMs = this.#stepMs - (now % this.#stepMs);
      const earliest = leftMs > ON_ITS_WAY_MS ? step - 1 : step;
      const wanted = Math.max(this.#used + 1, earliest);
      if (wanted <= step + 1) {
        this.#used = wanted;
        return this.used();
      }
      await sleep(leftMs);
    }
  }

  /** The last one, again. */
  used(): string {
    return this.#totp.generate({ timestamp: this.#used * this.#stepMs });
  }
}

export interface WithPassword {
  readonly person: Person;
  readonly browser: SoftBrowser;
  readonly codes: Codes;
}

/** Somebody who has set both halves at their account. */
export async function withPassword(issuer: RunningIssuer, login: string): Promise<WithPassword> {
  const person = await enrol(issuer, login);
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, person.passkey);
  const set = await browser.postForm('/account/password', { password: PASSWORD });
  assert.equal(set.location, '/account/code', 'alone it is nothing: its other half comes next');
  const shown = await browser.get('/account/code');
  const [, key = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(shown.text) ?? [];
  const codes = new Codes(key);
  const wrong = await browser.postForm('/account/code', { code: '000000' });
  assert.match(wrong.text, new RegExp(key), 'the same key, until it works');
  const kept = await browser.postForm('/account/code', { code: await codes.next() });
  assert.equal(kept.location, '/account/credentials', kept.text);
  return { person, browser, codes };
}
