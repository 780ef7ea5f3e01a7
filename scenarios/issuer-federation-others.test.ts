import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { call, eventually } from './world/calls.fixture.ts';
import { skipChromium, startChromium } from './world/chromium.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { addressIn, beginAt, consent, HERE } from './world/federation.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { faultsOf } from './world/page-faults.fixture.ts';
import { startSecondProvider, THERE } from './world/second-provider.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** With a provider that others wrote, over real HTTP: keys of our own, pushed requests, its logout. */

const CALLBACK = 'https://localhost:9/callback';
const upstream = await startRawUpstream({ after });
const there = await startSecondProvider({ after }, 'there');
const pem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
const issuer = await startIssuer({ after }, upstream.url, {
  files: { 'first.pem': pem(), 'second.pem': pem() },
  issuer: {
    outgoing: HERE,
    federation: [
      {
        ...{ id: 'away', issuer: 'http://127.0.0.1:9', names: { en: 'Away', de: 'Fort' } },
        ...{ clientId: 'poorter', clientKeys: ['first.pem'] },
      },
      {
        ...{ id: 'there', issuer: there.url, names: { en: 'There', de: 'Dort' } },
        ...{ clientId: 'poorter', clientKeys: ['first.pem', 'second.pem'] },
        ...{
          scopes: ['profile'],
          signUp: 'everybody',
          acr: { strong: 'http://eidas.europa.eu/LoA/high' },
        },
      },
    ],
  },
});
const application = await makeApplication(issuer, CALLBACK);

test('while a provider is away the page says so and goes on, and it is asked again when it is back', async () => {
  const browser = new SoftBrowser(issuer.origin);
  const { page } = await beginAt(browser, application);
  const away = await browser.postForm(`${page}/provider`, { provider: 'there' });
  assert.deepEqual([away.status, /provider_unavailable/.test(away.text)], [503, true]);
  assert.match((await browser.get(page)).text, /data-kind="sign-in"/);
  await there.serve(issuer.origin);
  await eventually('it is asked again', async () => {
    // Who asks all the time is told to wait.
    await pause(500);
    const left = await browser.postForm(`${page}/provider`, { provider: 'there' });
    return left.status === 200;
  });
});

test('the keys by which this server shows who it is are public, and their private halves are not', async () => {
  const { text } = await call(`${issuer.origin}/federation/jwks`);
  const { keys } = JSON.parse(text) as { keys: Record<string, string>[] };
  assert.equal(keys.length, 2, 'each once');
  for (const key of keys) {
    assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  }
});

test('somebody signs in there, for an application here, and signing out there ends it', async () => {
  const browser = new SoftBrowser(issuer.origin);
  const { asked, page } = await beginAt(browser, application, {
    acr_values: 'http://eidas.europa.eu/LoA/substantial',
  });
  const left = await browser.postForm(`${page}/provider`, { provider: 'there' });
  const address = addressIn(left);
  assert.match(String(address.searchParams.get('request_uri')), /^urn:/, 'it was pushed');
  assert.equal(address.searchParams.get('nonce'), null);
  const abroad = new SoftBrowser(there.url);
  const { at } = await abroad.follow(`${address.pathname}${address.search}`);
  const back = new URL(at);
  const came = await browser.get(`${back.pathname}${back.search}`);
  const end = await consent(browser, came);
  const tokens = await redeem(application, asked, end);
  assert.equal(decodeJwt(tokens.access_token)['acr'], 'http://eidas.europa.eu/LoA/high');
  assert.match((await browser.get('/account')).text, new RegExp(THERE.name), 'from UserInfo');

  const asks = await abroad.get('/session/end');
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(asks.text) ?? [];
  await abroad.postForm('/session/end/confirm', { xsrf, logout: 'yes' });
  assert.equal((await browser.get('/account')).status, 303, 'nobody is signed in');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 401);
});

test('in a real browser, without a script: a button leads there and back, by every redirect on the way', {
  skip: skipChromium,
}, async (t) => {
  const chromium = await startChromium(t);
  await chromium.show('dark', 'de');
  const asked = await askFor(application);
  await chromium.go(asked.url.href);
  await chromium.until(
    `document.readyState === 'complete' && document.querySelector('button[value=there]')?.innerText === 'Mit Dort anmelden'`,
  );
  assert.deepEqual(await faultsOf(chromium), []);
  await chromium.read(`document.querySelector('button[value=away]').click()`);
  await chromium.until(`document.querySelector('h1')?.innerText === 'Sie sind nicht angemeldet'`);
  assert.deepEqual(await faultsOf(chromium), []);
  await chromium.read(`document.querySelector('a.first').click()`);
  await chromium.until(`document.querySelector('button[value=there]') !== null`);
  await chromium.read(`document.querySelector('button[value=there]').focus()`);
  await chromium.scripts(false);
  await chromium.press('Enter');
  // Nobody is asked again for what they have said yes to.
  await chromium.until(`location.protocol === 'chrome-error:'`);
  const back = chromium.asked.findLast((one) => one.startsWith(CALLBACK)) ?? '';
  assert.ok((await redeem(application, asked, back)).access_token);
  assert.ok(chromium.asked.some((one) => one.startsWith(`${there.url}/interaction/`)));
  await chromium.scripts(true);
  await chromium.go(`${issuer.origin}/account/credentials`);
  await chromium.until(`document.body?.innerText.includes('Anmeldung bei Dort')`);
  assert.deepEqual(await faultsOf(chromium), []);
  // That one provider was away stands in its own console: a page with 503.
  const complaints = chromium.complaints.filter((said) => !/503|localhost:9/.test(said));
  assert.deepEqual(complaints, []);
});
