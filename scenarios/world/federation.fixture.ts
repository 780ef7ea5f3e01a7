import assert from 'node:assert/strict';
import { startRawUpstream } from './echo-upstream.fixture.ts';
import type { ForeignProvider } from './foreign-provider.fixture.ts';
import { type Application, askFor, type RunningIssuer, startIssuer } from './own-issuer.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import type { Answered, SoftBrowser } from './soft-browser.fixture.ts';

/** On this machine: addresses that the world out there does not have are named. */
export const HERE = { addresses: ['127.0.0.0/8', '::1/128'] };

const MANY = { requests: 100_000, per: 'minute' };

export const EIDAS = 'http://eidas.europa.eu/LoA/';

/** As it stands in a configuration. */
export function entryFor(
  provider: ForeignProvider,
  id: string,
  more: Readonly<Record<string, unknown>> = {},
) {
  return {
    ...{ id, issuer: provider.url, names: { en: `The ${id}`, nl: `De ${id}` } },
    ...{ clientId: provider.clientId, clientSecret: 'env:SECRET_THERE' },
    acr: { [`${EIDAS}high`]: `${EIDAS}high`, weak: 'https://refeds.org/profile/sfa' },
    ...more,
  };
}

export async function startFederated(
  t: Lifetime,
  federation: readonly object[],
  { issuer = {}, ...more }: Readonly<Record<string, unknown>> = {},
): Promise<RunningIssuer> {
  const upstream = await startRawUpstream(t);
  process.env['SECRET_THERE'] = 'a secret of both';
  return startIssuer(t, upstream.url, {
    ...more,
    // Many people share one address here.
    issuer: { outgoing: HERE, limit: MANY, federation, ...(issuer as object) },
  });
}

/** From a page where people sign in, to the provider: the address that its link leads to. */
export async function leaveBy(browser: SoftBrowser, path: string, provider: string): Promise<URL> {
  const page = await browser.postForm(path, { provider });
  return addressIn(page);
}

export function addressIn(page: Answered): URL {
  assert.equal(page.status, 200, page.text);
  const [, href = ''] = /href="(http[^"]+)"/.exec(page.text) ?? [];
  const address = href.replaceAll('&amp;', '&');
  assert.equal(page.headers['refresh'], `0; url=${address}`);
  return new URL(address);
}

/** Somebody comes back from a provider. */
export function comeBack(browser: SoftBrowser, back: URL): Promise<Answered> {
  return browser.get(`${back.pathname}${back.search}`);
}

/** For an application: until the page on which somebody chooses how to sign in. */
export async function beginAt(
  browser: SoftBrowser,
  application: Application,
  more: Readonly<Record<string, string>> = {},
) {
  const asked = await askFor(application, more);
  const { at } = await browser.follow(`${asked.url.pathname}${asked.url.search}`);
  return { asked, page: new URL(at).pathname };
}

/** Behind the sign-in: says yes where somebody is asked. Where the browser ends. */
export async function consent(browser: SoftBrowser, came: Answered): Promise<string> {
  assert.equal(came.status, 303, came.text);
  const { at } = await browser.follow(String(came.location));
  if (!at.startsWith(`${browser.origin}/sign-in/`)) return at;
  const { location } = await browser.postForm(`${new URL(at).pathname}/consent`, {
    decision: 'allow',
  });
  return (await browser.follow(String(location))).at;
}
