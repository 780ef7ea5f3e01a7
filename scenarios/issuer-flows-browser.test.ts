import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Chromium, skipChromium, startChromium } from './world/chromium.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, startIssuer } from './world/own-issuer.fixture.ts';
import { faultsOf } from './world/page-faults.fixture.ts';

const CALLBACK = 'https://localhost:9/callback';
const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12345678.50' },
  creditorName: 'Wolfeschlegelsteinhausenbergerdorff & Zonen, Banketbakkerij',
  creditorAccount: { iban: 'BE71096123456769' },
  remittanceInformationUnstructured: '42 broodjes',
};

/** Somewhere to look at the pages afterwards, where that is wanted. */
const pictures = process.env['POORTER_PICTURES'];

async function judge(chromium: Chromium, name: string): Promise<void> {
  assert.deepEqual(await faultsOf(chromium), [], name);
  if (pictures === undefined) return;
  writeFileSync(join(pictures, `${name}.png`), await chromium.picture());
}

const isAt = (path: string) =>
  `location.pathname.startsWith('${path}') && document.readyState === 'complete'`;

test('in a real browser: a payment is approved, a device connected, a request of elsewhere decided, somebody signed out', {
  skip: skipChromium,
}, async (t) => {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url);
  const chromium = await startChromium(t);
  const press = (what: string) =>
    chromium.read(`document.querySelector(${JSON.stringify(what)}).click()`);
  const made = ['--login', 'an@example.test', '--name', 'An Peeters', '--language', 'nl'];
  const id = await issuer.run('accounts', 'create', ...made);
  await chromium.show('light', 'nl');
  await chromium.go(await issuer.run('accounts', 'link', id));
  await chromium.until(`location.hash === '' && ${isAt('/enrol')}`);
  await press('button.first');
  await chromium.until(`document.querySelector('[data-done]').innerText.startsWith('Klaar')`);

  const more = ['--flows', 'redirect,decoupled,device', '--detail-types', 'payment_initiation'];
  const application = await makeApplication(issuer, CALLBACK, ...more);
  const details = { authorization_details: JSON.stringify([PAYMENT]) };
  for (const [theme, language] of [
    ['light', 'nl'],
    ['dark', 'de'],
  ] as const) {
    await chromium.show(theme, language);
    await chromium.go((await askFor(application, details)).url.href);
    await chromium.until(`document.querySelector('[data-passkey]') !== null`);
    if (theme === 'light') {
      await press('button.first');
      await chromium.until(`document.querySelector('.amount') !== null`);
    }
    await judge(chromium, `payment-${theme}`);
    assert.equal(
      await chromium.read(`document.querySelector('.amount').innerText`),
      '12345678.50 EUR',
    );
    await press('button.first');
    await chromium.until(
      `location.protocol === 'chrome-error:' || location.href.startsWith('${CALLBACK}')`,
    );

    const { client_id: client, client_secret: secret } =
      application.configuration.clientMetadata() as { client_id: string; client_secret: string };
    const headers = {
      authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const post = async (path: string, fields: Record<string, string>) => {
      const body = String(new URLSearchParams({ scope: 'openid accounts.read', ...fields }));
      const answer = await fetch(`${issuer.origin}${path}`, { method: 'POST', headers, body });
      assert.equal(answer.status, 200);
      return (await answer.json()) as Record<string, string>;
    };
    const message = 'Kassa 3 – vraagt toegang';
    const asked = await post('/backchannel', {
      ...{ login_hint: 'an@example.test', binding_message: message, number_matching: 'true' },
    });
    await chromium.go(`${issuer.origin}/account/decision`);
    await chromium.until(isAt('/account/decision'));
    await judge(chromium, `decision-${theme}`);
    await press(`input[value="${asked['matching_number']}"]`);
    await press('button.first');
    await chromium.until(`document.querySelector('[data-done]').innerText !== ''`);

    const device = await post('/device/auth', {});
    await chromium.go(device['verification_uri_complete'] ?? '');
    await chromium.until(isAt('/device'));
    await judge(chromium, `device-${theme}`);
    await press('button.first');
    await chromium.until(`document.querySelector('[name=confirm]') !== null`);
    await judge(chromium, `device-confirm-${theme}`);
    await press('[name=abort]');
    await chromium.until(`document.querySelector('form') === null && ${isAt('/device')}`);
    await judge(chromium, `device-refused-${theme}`);
  }
  await chromium.go(`${issuer.origin}/session/end`);
  await chromium.until(isAt('/session/end'));
  await judge(chromium, 'sign-out');
  await press('[name=logout]');
  await chromium.until(isAt('/session/end/success'));
  await judge(chromium, 'signed-out');
  assert.deepEqual(
    chromium.complaints.filter((one) => !/ERR_CONNECTION_REFUSED/.test(one)),
    [],
  );
});
