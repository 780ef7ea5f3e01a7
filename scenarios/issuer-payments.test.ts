import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import type { Lifetime } from './world/poorter.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
};
const BODY = { amount: 12.5, currency: 'EUR', to: { iban: 'BE71096123456769' } };

async function start(t: Lifetime) {
  const upstream = await startRawUpstream(t);
  // A port that stays when the gateway is killed.
  const listen = [{ address: `127.0.0.1:${await unusedPort()}` }];
  const issuer = await startIssuer(t, upstream.url, { listen });
  const person = await enrol(issuer, 'griet@example.test');
  const types = ['--detail-types', 'payment_initiation'];
  const application = await makeApplication(issuer, 'https://budget.test/callback', ...types);
  const browser = new SoftBrowser(issuer.origin);
  /** A token for one payment that somebody has just approved. */
  const approve = async (details: object[] = [PAYMENT]) => {
    const more = { authorization_details: JSON.stringify(details) };
    const asked = await askFor(application, details.length === 0 ? {} : more);
    const back = await goThrough(browser, asked.url, person);
    return (await redeem(application, asked, back)).access_token;
  };
  const pay = (token: string, body: string) =>
    call(`${issuer.poorter.url}/payments`, {
      ...{ method: 'POST', body },
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  return { issuer, upstream, approve, pay, paid: () => upstream.requests() };
}

test('a payment that somebody approved is made once, and no other in its place', async (t) => {
  const { approve, pay, paid } = await start(t);
  const text = JSON.stringify(BODY);
  const plain = await pay(await approve([]), text);
  assert.equal(plain.status, 401);
  const challenge = String(plain.headers['www-authenticate']);
  assert.match(challenge, /^Bearer .*error="insufficient_user_authentication"/);
  const token = await approve();
  for (const other of [
    JSON.stringify({ ...BODY, amount: 12.51 }),
    JSON.stringify({ ...BODY, currency: 'USD' }),
    JSON.stringify({ ...BODY, to: { iban: 'NL91ABNA0417164300' } }),
  ]) {
    assert.equal((await pay(token, other)).status, 401, other);
  }
  const twice = await pay(token, text.replace('"amount"', '"amount":9,"amount"'));
  assert.equal(twice.status, 400, 'a name twice');
  assert.equal(paid(), 0);
  const answers = await Promise.all(Array.from({ length: 50 }, () => pay(token, text)));
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join(' '));
  assert.equal(paid(), 1);
  assert.equal((await pay(token, text)).status, 401);
  assert.equal(paid(), 1);
  const next = await approve();
  assert.equal((await pay(next, text)).status, 200, 'approved once more');
  assert.equal(paid(), 2);
});

test('a gateway that was started anew takes no approval of before: it may have been used', async (t) => {
  const { issuer, approve, pay, paid } = await start(t);
  const text = JSON.stringify(BODY);
  const [used, unused] = [await approve(), await approve()];
  assert.equal((await pay(used, text)).status, 200);
  const { gateway } = issuer.poorter.children();
  process.kill(gateway, 'SIGKILL');
  await eventually('another gateway serves', async () => {
    const answer = await pay(used, '{}').catch(() => null);
    return answer !== null && issuer.poorter.children().gateway !== gateway;
  });
  for (const token of [used, unused]) assert.equal((await pay(token, text)).status, 401);
  assert.equal(paid(), 1);
  // Approvals tell seconds: one of the second in which the gateway began may be of before.
  await eventually(
    'what is approved now is done',
    async () => (await pay(await approve(), text)).status === 200,
  );
  assert.equal(paid(), 2);
});
