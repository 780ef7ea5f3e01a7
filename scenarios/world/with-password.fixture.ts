import assert from 'node:assert/strict';
import { TOTP } from 'otpauth';
import type { RunningIssuer } from './own-issuer.fixture.ts';
import { enrol, type Person, signIn } from './person.fixture.ts';
import { SoftBrowser } from './soft-browser.fixture.ts';

export const PASSWORD = 'een heel ongewone zin';
const STEP_MS = 30_000;

/** As an app shows them. Each is good once, and only upwards. */
export class Codes {
  readonly #totp: TOTP;
  #used = 0;

  constructor(key: string) {
    this.#totp = new TOTP({ secret: key.replaceAll(' ', '') });
  }

  /** The earliest that may still be taken: three follow each other at once. */
  next(): string {
    this.#used = Math.max(this.#used + 1, Math.floor(Date.now() / STEP_MS) - 1);
    return this.used();
  }

  /** The last one, again. */
  used(): string {
    return this.#totp.generate({ timestamp: this.#used * STEP_MS });
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
  const kept = await browser.postForm('/account/code', { code: codes.next() });
  assert.equal(kept.location, '/account/credentials', kept.text);
  return { person, browser, codes };
}
