import assert from 'node:assert/strict';
import type { RunningIssuer } from './own-issuer.fixture.ts';
import { SoftBrowser } from './soft-browser.fixture.ts';
import { SoftPasskey } from './soft-passkey.fixture.ts';

export interface Person {
  readonly id: string;
  /** What they sign in with. */
  readonly login: string;
  readonly passkey: SoftPasskey;
}

/** How often somebody of this name came to a server. */
const came = new Map<string, number>();

/** Somebody with an account, who has enrolled by a link. Who comes second by a name signs in with another. */
export async function enrol(
  issuer: RunningIssuer,
  wish: string,
  ...more: readonly string[]
): Promise<Person> {
  const times = came.get(`${issuer.origin} ${wish}`) ?? 0;
  came.set(`${issuer.origin} ${wish}`, times + 1);
  const login = times === 0 ? wish : wish.replace('@', `-${times}@`);
  const profile = ['--login', login, '--name', 'Griet Maes', ...more];
  const id = await issuer.run('accounts', 'create', ...profile);
  return { id, login, passkey: await enrolById(issuer, id) };
}

/** Somebody whose account is there already. */
export async function enrolById(
  issuer: Pick<RunningIssuer, 'origin' | 'run'>,
  id: string,
  browser = new SoftBrowser(issuer.origin),
): Promise<SoftPasskey> {
  const link = new URL(await issuer.run('accounts', 'link', id)).hash.slice(1);
  return enrolBy(browser, link);
}

/** Makes a passkey behind a link. */
export async function enrolBy(browser: SoftBrowser, link: string): Promise<SoftPasskey> {
  const passkey = new SoftPasskey(browser.origin);
  const begun = await browser.postJson('/enrol/begin', { link });
  assert.equal(begun.status, 200, begun.text);
  const credential = passkey.create(JSON.parse(begun.text));
  const finished = await browser.postJson('/enrol/finish', { link, credential });
  assert.equal(finished.status, 200, finished.text);
  return passkey;
}

/** At the pages of the account itself; the answer says where it goes on. */
export async function signIn(browser: SoftBrowser, passkey: SoftPasskey, place = 'account') {
  const begun = await browser.postJson('/account/sign-in/begin', {});
  const credential = passkey.get(JSON.parse(begun.text));
  return browser.postJson(`/account/sign-in/finish?to=${place}`, { credential });
}

/** Signs in, says yes, and is sent back to the application. */
export async function goThrough(
  browser: SoftBrowser,
  url: URL,
  person: Pick<Person, 'passkey'>,
): Promise<string> {
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  return goOn(browser, at, person);
}

/** From a page on which somebody signs in, or says yes, to where they are sent. */
export async function goOn(
  browser: SoftBrowser,
  from: string,
  { passkey }: Pick<Person, 'passkey'>,
): Promise<string> {
  let at = from;
  for (let page = 0; page < 4; page += 1) {
    if (!at.startsWith(`${browser.origin}/sign-in/`)) break;
    const path = new URL(at).pathname;
    const shown = await browser.get(path);
    if (/value="allow"/.test(shown.text)) {
      const { location } = await browser.postForm(`${path}/consent`, { decision: 'allow' });
      ({ at } = await browser.follow(String(location)));
    } else {
      const step = shown.text.includes('data-kind="approve"') ? `${path}/approve` : path;
      const begun = await browser.postJson(`${step}/begin`, {});
      const credential = passkey.get(JSON.parse(begun.text));
      const finished = await browser.postJson(`${step}/finish`, { credential });
      assert.equal(finished.status, 200, finished.text);
      ({ at } = await browser.follow(JSON.parse(finished.text).location));
    }
  }
  return at;
}
