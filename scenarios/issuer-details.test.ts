import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  type Application,
  askFor,
  makeApplication,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { SoftPasskey } from './world/soft-passkey.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
  remittanceInformationUnstructured: '42 broodjes',
};
const INFORMATION = {
  type: 'account_information',
  actions: ['list_accounts', 'read_balances'],
  accounts: [{ iban: 'NL91ABNA0417164300' }],
};

const detailed = (...details: object[]) => ({ authorization_details: JSON.stringify(details) });

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const shared = await startIssuer({ after }, upstream.url);

async function start(issuer = shared, types = '') {
  const person = await enrol(issuer, 'griet@example.test');
  const known = `payment_initiation,account_information${types}`;
  const application = await makeApplication(issuer, CALLBACK, '--detail-types', known);
  return { issuer, person, application };
}

/** To the page on which somebody is asked. */
async function toConsent(
  browser: SoftBrowser,
  application: Application,
  person: Person,
  more: object,
) {
  const asked = await askFor(application, more as Record<string, string>);
  const { at } = await browser.follow(`${asked.url.pathname}${asked.url.search}`);
  const path = new URL(at).pathname;
  const begun = JSON.parse((await browser.postJson(`${path}/begin`, {})).text);
  const done = await browser.postJson(`${path}/finish`, { credential: person.passkey.get(begun) });
  const shown = await browser.follow(JSON.parse(done.text).location);
  return { asked, path: new URL(shown.at).pathname, text: shown.text };
}

async function refusal(application: Application, browser: SoftBrowser, more: object) {
  const { url } = await askFor(application, more as Record<string, string>);
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  return at.startsWith(CALLBACK) ? new URL(at).searchParams.get('error') : null;
}

test('a payment is shown with what it costs and who gets it, signed by a passkey, and stands in the token', async () => {
  const { issuer, person, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  const { asked, path, text } = await toConsent(browser, application, person, detailed(PAYMENT));
  assert.match(text, /<p class="amount">12\.50 EUR<\/p><p class="payee">to Bakkerij Peeters<\/p>/);
  assert.match(text, /BE71 0961 2345 6769[\s\S]*42 broodjes/);
  const button = await browser.postForm(`${path}/consent`, { decision: 'allow' });
  assert.equal(button.status, 400, 'a button signs nothing');
  const begin = async () => JSON.parse((await browser.postJson(`${path}/approve/begin`, {})).text);
  const finish = async (credential: object, origin?: string) =>
    browser.postJson(`${path}/approve/finish`, { credential }, origin);
  const { passkey } = person;
  const options = await begin();
  assert.equal(options.userVerification, 'required');
  assert.equal((await finish(passkey.get(options, { isVerified: false }))).status, 401, 'UV=0');
  assert.equal((await finish(passkey.get(options))).status, 401, 'its challenge is spent');
  assert.equal((await finish(passkey.get({ challenge: 'AAAA' }))).status, 401);
  assert.equal((await finish(new SoftPasskey(issuer.origin).get(await begin()))).status, 401);
  assert.equal((await finish(passkey.get(await begin()), 'https://evil.test')).status, 400);
  const signIn = JSON.parse((await browser.postJson(`${path}/begin`, {})).text);
  assert.equal((await finish(passkey.get(signIn))).status, 401, 'a sign-in is no approval');
  const good = passkey.get(await begin());
  const answers = await Promise.all(Array.from({ length: 20 }, () => finish(good)));
  const let_in = answers.filter(({ status }) => status === 200);
  assert.equal(let_in.length, 1, 'one of twenty at once');
  const { at } = await browser.follow(JSON.parse(let_in[0]?.text ?? '').location);
  const tokens = await redeem(application, asked, at);
  const [detail] = decodeJwt(tokens.access_token)['authorization_details'] as [
    Record<string, unknown>,
  ];
  const { approval, ...rest } = detail;
  assert.deepEqual(rest, PAYMENT);
  assert.match(JSON.stringify(approval), /^\{"id":"[0-9a-f-]{36}\.0","at":\d{10}\}$/);
  const told = tokens['authorization_details'] as unknown[];
  assert.deepEqual(told, [detail]);

  // Whoever refuses sends nobody's money.
  const again = await toConsent(
    new SoftBrowser(issuer.origin),
    application,
    person,
    detailed(PAYMENT),
  );
  assert.match(again.text, /value="refuse"/);
});

test('details are of their form, or nobody is asked: amounts, numbers, names that are read as another', async () => {
  const { issuer, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  const paying = (change: object) => detailed({ ...PAYMENT, ...change });
  const error = 'invalid_authorization_details';
  for (const wrong of [
    paying({ instructedAmount: { currency: 'EUR', amount: 12.5 } }),
    paying({ instructedAmount: { currency: 'EUR', amount: '-12.50' } }),
    paying({ instructedAmount: { currency: 'EUR', amount: '12,50' } }),
    paying({ instructedAmount: { currency: 'EUR', amount: '012.50' } }),
    paying({ instructedAmount: { currency: 'EUR', amount: '1e3' } }),
    paying({ instructedAmount: { currency: 'eur', amount: '12.50' } }),
    paying({ creditorAccount: { iban: 'BE71096123456760' } }),
    paying({ creditorAccount: { iban: 'BE71 0961 2345 6769' } }),
    paying({ creditorName: 'Bakkerij\u202ePeeters' }),
    paying({ creditorName: '' }),
    paying({ creditorName: undefined }),
    paying({ approval: { id: 'x', at: 1 } }),
    paying({ locations: ['https://other.test'] }),
    paying({ more: 1 }),
    detailed({ ...PAYMENT, type: 'payment' }),
    detailed({ ...INFORMATION, actions: ['empty_accounts'] }),
    detailed({ ...INFORMATION, validUntil: 'soon' }),
    detailed(...Array.from({ length: 21 }, () => INFORMATION)),
    detailed([PAYMENT] as unknown as object),
    { authorization_details: '{}' },
    { authorization_details: '[' },
    { authorization_details: '[null]' },
    { authorization_details: JSON.stringify([PAYMENT]).replace('"type"', '"type":"x","type"') },
    { authorization_details: `[${'['.repeat(40)}${']'.repeat(40)}]` },
  ]) {
    assert.equal(await refusal(application, browser, wrong), error, JSON.stringify(wrong));
  }
  const other = await makeApplication(issuer, 'https://ledger.test/callback');
  const { url } = await askFor(other, detailed(PAYMENT));
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  assert.equal(new URL(at).searchParams.get('error'), error, 'a client that may not');
});

test('access to accounts is shown as it is, ends with its day, and each request is asked anew', async () => {
  const { issuer, person, application } = await start();
  const browser = new SoftBrowser(issuer.origin);
  const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const details = detailed({ ...INFORMATION, validUntil: day });
  const nl = { ...details, ui_locales: 'nl' };
  const { asked, path, text } = await toConsent(browser, application, person, nl);
  assert.match(text, /Uw rekeningen zien[\s\S]*welke rekeningen u hebt, hoeveel erop staat/);
  assert.match(text, new RegExp(`NL91 ABNA 0417 1643 00[\\s\\S]*${day}`));
  const { location } = await browser.postForm(`${path}/consent`, { decision: 'allow' });
  const { at } = await browser.follow(String(location));
  const tokens = await redeem(application, asked, at);
  const given = decodeJwt(tokens.access_token)['authorization_details'];
  assert.deepEqual(given, [{ ...INFORMATION, validUntil: day }]);
  const listed = JSON.parse(await issuer.run('accounts', 'grants', person.id, '--json'));
  assert.match(JSON.stringify(listed), new RegExp(`"(?:expires|until)":"${day}T2`));
  const silent = { ...details, prompt: 'none' };
  assert.equal(await refusal(application, browser, silent), 'consent_required');
  // A request without details says nothing of those that were asked before.
  const plain = await askFor(application);
  const more = await redeem(application, plain, await goThrough(browser, plain.url, person));
  assert.equal(decodeJwt(more.access_token)['authorization_details'], undefined);
});

test('a deployment describes kinds of its own: their form is checked, their words are shown', async (t) => {
  const schema = {
    type: 'object',
    required: ['type', 'policy'],
    additionalProperties: false,
    properties: {
      type: { const: 'insurance_claim' },
      policy: { type: 'string', pattern: '^P[0-9]{4}$' },
      urgent: { type: 'boolean' },
      damage: { type: 'object', properties: { what: { type: 'string' } } },
    },
  };
  const titles = { en: 'Hand in a claim', nl: 'Een schade melden' };
  const detailTypes = { insurance_claim: { schema: 'claim.json', titles, signed: true } };
  const files = { 'claim.json': JSON.stringify(schema) };
  const own = await startIssuer(t, upstream.url, { issuer: { detailTypes }, files });
  const { issuer, person, application } = await start(own, ',insurance_claim');
  const browser = new SoftBrowser(issuer.origin);
  const claim = { type: 'insurance_claim', policy: 'P1234', urgent: true, damage: { what: '<b>' } };
  const wrong = detailed({ ...claim, policy: 'Q1' });
  assert.equal(await refusal(application, browser, wrong), 'invalid_authorization_details');
  const { text } = await toConsent(browser, application, person, detailed(claim));
  assert.match(text, /Hand in a claim[\s\S]*policy[\s\S]*P1234[\s\S]*urgent[\s\S]*yes/);
  assert.match(text, /damage: what[\s\S]*&lt;b&gt;/);
  assert.match(text, /data-kind="approve"/);
  const asked = await askFor(application, detailed(claim));
  const tokens = await redeem(application, asked, await goThrough(browser, asked.url, person));
  const [given] = decodeJwt(tokens.access_token)['authorization_details'] as [{ policy: string }];
  assert.equal(given.policy, 'P1234');
});
