import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { skipChromium, startChromium } from './world/chromium.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { faultsOf } from './world/page-faults.fixture.ts';

/** An address at which nobody listens: the browser is told to go there, and that is all there is to see. */
const CALLBACK = 'https://localhost:9/callback';

test('in a real browser: somebody enrols, signs in by keyboard, says yes, and the application calls for them', {
  skip: skipChromium,
}, async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const chromium = await startChromium(t);
  await chromium.show('light', 'nl');
  const id = await issuer.run('accounts', 'create', '--login', 'an@example.test', '--name', 'An');
  await chromium.go(await issuer.run('accounts', 'link', id));
  await chromium.until(`document.querySelector('button.first')?.innerText === 'Een passkey maken'`);
  // The link stays in no history.
  await chromium.until(`location.hash === '' && document.readyState === 'complete'`);
  assert.deepEqual(await faultsOf(chromium), []);
  await chromium.press('Tab');
  await chromium.press('Enter');
  await chromium.until(`document.querySelector('[data-done]').innerText.startsWith('Klaar')`);

  const application = await makeApplication(issuer, CALLBACK);
  const asked = await askFor(application, { ui_locales: 'fr' });
  await chromium.show('dark', 'nl');
  await chromium.go(asked.url.href);
  await chromium.until(
    `document.documentElement.lang === 'fr' && document.readyState === 'complete'`,
  );
  assert.deepEqual(await faultsOf(chromium), []);
  await chromium.press('Tab');
  await chromium.press('Enter');
  await chromium.until(`document.querySelector('button[value=allow]') !== null`);
  assert.deepEqual(await faultsOf(chromium), []);
  // Whoever says yes or no needs no script.
  await chromium.scripts(false);
  await chromium.press('Tab');
  await chromium.press('Tab');
  await chromium.press('Enter');
  await chromium.scripts(true);
  await chromium.until(
    `location.protocol === 'chrome-error:' || location.href.startsWith('${CALLBACK}')`,
  );
  const back = chromium.asked.findLast((one) => one.startsWith(CALLBACK)) ?? '';
  const tokens = await redeem(application, asked, back);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await call(`${issuer.poorter.url}/accounts`, { headers })).status, 200);
  const ours = chromium.complaints.filter((said) => !said.includes(CALLBACK));
  assert.deepEqual(ours, [], 'nothing is kept out of a page that it needs');
  // Its own page for what it cannot reach has pictures with `data:`.
  const elsewhere = chromium.asked
    .filter((one) => one.startsWith('http'))
    .filter((one) => !one.startsWith(issuer.origin) && !one.startsWith(CALLBACK));
  assert.deepEqual(elsewhere, [], 'nothing comes from elsewhere');
});
