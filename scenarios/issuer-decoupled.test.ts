import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, type RunningIssuer, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person, signIn } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const GRANT = 'urn:openid:params:grant-type:ciba';

async function makeClient(issuer: RunningIssuer, ...more: readonly string[]) {
  const made = ['clients', 'create', '--name', 'Kassa', '--profile', 'browser'];
  const rest = ['--flows', 'redirect,decoupled', '--redirect-uri', CALLBACK];
  const may = ['--scopes', 'accounts.read', '--detail-types', 'payment_initiation'];
  const issued = (await issuer.run(...made, ...rest, ...may, ...more)).split('\n');
  const [id = '', secret = ''] = issued;
  const configuration = await oidc.discovery(
    ...([new URL(issuer.origin), id, secret, oidc.ClientSecretBasic(secret)] as const),
    { execute: [oidc.allowInsecureRequests] },
  );
  return { id, secret, configuration, callback: CALLBACK };
}

type Client = Awaited<ReturnType<typeof makeClient>>;

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const shared = await startIssuer({ after }, upstream.url);

/** Whom applications of the test that runs ask for. */
let login = '';

async function start(issuer = shared) {
  const person = await enrol(issuer, 'griet@example.test');
  ({ login } = person);
  return { issuer, person };
}

async function post(
  { origin }: RunningIssuer,
  { id, secret }: Client,
  path: string,
  fields: Record<string, string>,
): Promise<Readonly<Record<string, unknown>>> {
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  const answer = await call(`${origin}${path}`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    },
    body: String(new URLSearchParams(fields)),
  });
  return { status: answer.status, ...(JSON.parse(answer.text) as Record<string, unknown>) };
}

const ask = (issuer: RunningIssuer, client: Client, more: Record<string, string> = {}) =>
  post(issuer, client, '/backchannel', {
    ...{ scope: 'openid accounts.read', login_hint: login, ...more },
  });

const poll = (issuer: RunningIssuer, client: Client, asked: Readonly<Record<string, unknown>>) =>
  post(issuer, client, '/token', {
    ...{ grant_type: GRANT, auth_req_id: String(asked['auth_req_id']) },
  });

/** In a browser of their own, where they are signed in. */
async function browserOf(issuer: RunningIssuer, { passkey }: Person) {
  const browser = new SoftBrowser(issuer.origin);
  await signIn(browser, passkey, 'decision');
  return browser;
}

async function approve(browser: SoftBrowser, { passkey }: Person, number?: string) {
  const begun = await browser.postJson('/account/decision/begin', {});
  const credential = passkey.get(JSON.parse(begun.text));
  return browser.postJson('/account/decision/finish', {
    credential,
    ...(number !== undefined && { number }),
  });
}

test('somebody decides on a device of their own, with the whole message before them, and the application calls for them', async () => {
  const { issuer, person } = await start();
  const client = await makeClient(issuer);
  const message = 'Zahlung an Bäckerei „Müller“ – 12,50 € 🥐 (ψ 42)';
  const asked = await ask(issuer, client, { binding_message: message });
  assert.deepEqual([asked['status'], asked['expires_in'], asked['interval']], [200, 300, 5]);
  assert.equal((await poll(issuer, client, asked))['error'], 'authorization_pending');
  assert.equal((await poll(issuer, client, asked))['error'], 'slow_down');
  const other = await makeClient(issuer);
  assert.equal((await poll(issuer, other, asked))['error'], 'invalid_grant', 'another client');

  const browser = await browserOf(issuer, person);
  const { text } = await browser.get('/account/decision');
  assert.ok(text.includes(`<p class="message">${message}</p>`), text);
  assert.match(text, /Kassa asks you to approve this[\s\S]*Accounts: See what stands on them/);
  const jan = await enrol(issuer, 'jan@example.test');
  const theirs = await browserOf(issuer, jan);
  assert.match((await theirs.get('/account/decision')).text, /Nothing waits for you/);
  assert.equal((await theirs.postJson('/account/decision/begin', {})).status, 400);
  const foreign = jan.passkey.get(
    JSON.parse((await browser.postJson('/account/decision/begin', {})).text),
  );
  const stolen = await browser.postJson('/account/decision/finish', { credential: foreign });
  assert.equal(stolen.status, 401, 'the passkey of somebody else');
  assert.equal((await approve(browser, person)).status, 200);
  assert.match((await browser.get('/account/decision')).text, /Nothing waits for you/);
  assert.equal((await approve(browser, person).catch(() => null))?.status ?? 400, 400);

  const tokens = await poll(issuer, client, asked);
  assert.equal(tokens['status'], 200, JSON.stringify(tokens));
  const headers = { authorization: `Bearer ${tokens['access_token']}` };
  const accounts = `${issuer.poorter.url}/accounts`;
  assert.equal((await call(accounts, { headers })).status, 200);
  const claims = decodeJwt(String(tokens['access_token']));
  assert.equal(claims['acr'], 'phr');
  assert.equal(decodeJwt(String(tokens['id_token'])).sub, claims.sub);
  const again = await poll(issuer, client, asked);
  assert.equal(again['error'], 'invalid_grant');
  assert.equal((await call(accounts, { headers })).status, 401, 'used twice: it has ended');
});

test('whoever refuses, waits too long or chooses another number gives nothing; a later request takes the place of an earlier', async () => {
  const { issuer, person } = await start();
  const client = await makeClient(issuer);
  const browser = await browserOf(issuer, person);
  const refused = await ask(issuer, client);
  const page = await browser.postForm('/account/decision/refuse', {});
  assert.match(page.text, /Refused\./);
  assert.equal((await poll(issuer, client, refused))['error'], 'access_denied');

  const first = await ask(issuer, client);
  const second = await ask(issuer, client, { number_matching: 'true' });
  assert.equal(
    (await poll(issuer, client, first))['error'],
    'access_denied',
    'another took its place',
  );
  const number = String(second['matching_number']);
  assert.match(number, /^[1-9][0-9]$/);
  const { text } = await browser.get('/account/decision');
  const shown = [...text.matchAll(/type="radio" name="number" value="(\d\d)"/g)].map(
    ([, one]) => one,
  );
  assert.equal(shown.length, 3);
  assert.ok(shown.includes(number));
  const wrong = shown.find((one) => one !== number);
  assert.equal((await approve(browser, person, wrong)).status, 200);
  assert.equal((await poll(issuer, client, second))['error'], 'access_denied');
  const third = await ask(issuer, client, { number_matching: 'true' });
  assert.equal((await approve(browser, person, String(third['matching_number']))).status, 200);
  assert.equal((await poll(issuer, client, third))['status'], 200);

  const short = await ask(issuer, client, { requested_expiry: '1' });
  assert.equal(short['expires_in'], 1);
  await eventually('it is over', async () =>
    (await browser.get('/account/decision')).text.includes('Nothing waits for you'),
  );
  assert.match(String((await poll(issuer, client, short))['error']), /^expired_token$/);
});

test('a decision is one: of a hundred at once, and of yes and no together', async () => {
  const { issuer, person } = await start();
  const client = await makeClient(issuer);
  const browser = await browserOf(issuer, person);
  const asked = await ask(issuer, client);
  const begun = await Promise.all(
    Array.from({ length: 10 }, () => browser.postJson('/account/decision/begin', {})),
  );
  const credentials = begun.map(({ text }) => person.passkey.get(JSON.parse(text)));
  const answers = await Promise.all([
    ...credentials.map((credential) =>
      browser.postJson('/account/decision/finish', { credential }),
    ),
    ...Array.from({ length: 10 }, () => browser.postForm('/account/decision/refuse', {})),
  ]);
  const decided = answers.filter(({ text }) => /"done"|Refused\./.test(text));
  assert.equal(decided.length, 1, answers.map(({ status }) => status).join(' '));
  const isApproved = decided[0]?.text.includes('"done"') === true;
  const polls = await Promise.all(Array.from({ length: 20 }, () => poll(issuer, client, asked)));
  const given = polls.filter((one) => one['status'] === 200);
  assert.equal(given.length, isApproved ? 1 : 0);
});

test('what an application asks wrongly is told, and a person is not asked again and again', async () => {
  const { issuer, person } = await start();
  const client = await makeClient(issuer);
  const errorOf = async (more: Record<string, string>) =>
    (await ask(issuer, client, more))['error'];
  for (const message of ['x'.repeat(201), 'a\u0007b', 'a\u202eb', 'a\u200bb', 'a\nb', ' a', 'a ']) {
    assert.equal(await errorOf({ binding_message: message }), 'invalid_binding_message', message);
  }
  assert.equal(await errorOf({ login_hint: 'nobody@example.test' }), 'unknown_user_id');
  assert.equal(await errorOf({ login_hint: '' }), 'invalid_request');
  assert.equal(await errorOf({ id_token_hint: 'x' }), 'invalid_request', 'two hints');
  assert.equal(await errorOf({ login_hint: '', login_hint_token: 'x' }), 'invalid_request');
  assert.equal(await errorOf({ user_code: '1234' }), 'invalid_request');
  assert.equal(await errorOf({ requested_expiry: '-1' }), 'invalid_request');
  assert.equal(await errorOf({ scope: 'openid accounts.write' }), 'invalid_scope');
  const plain = await askFor(client);
  const known = await redeem(
    ...([
      client,
      plain,
      await goThrough(new SoftBrowser(issuer.origin), plain.url, person),
    ] as const),
  );
  const hinted = await ask(issuer, client, {
    login_hint: '',
    id_token_hint: String(known.id_token),
  });
  assert.equal(hinted['status'], 200, JSON.stringify(hinted));
  let last = '';
  for (let round = 0; round < 10; round += 1) last = String(await errorOf({}));
  assert.equal(last, 'access_denied', 'asked too often');
});

test('an application is told that somebody decided; when it cannot be, the decision stands', async (t) => {
  const authority = makeAuthority(t);
  const { certificate: cert, key } = authority.issue('/CN=kassa');
  const told: { body: string; authorization: string | undefined }[] = [];
  let status = 204;
  const server = createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece;
    });
    request.on('end', () => {
      told.push({ body, authorization: request.headers.authorization });
      response.writeHead(status).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const outgoing = { addresses: ['127.0.0.0/8', '::1/128'], authorities: ['notices.pem'] };
  const files = { 'notices.pem': authority.certificate };
  const configuration = { files, issuer: { outgoing } };
  const { issuer, person } = await start(await startIssuer(t, upstream.url, configuration));
  const notice = ['--decision-notice-uri', `https://localhost:${port}/decided`];
  const client = await makeClient(issuer, ...notice);
  const browser = await browserOf(issuer, person);
  const without = await ask(issuer, client);
  assert.equal(without['error'], 'invalid_request', 'a token to be told with');
  const asked = await ask(issuer, client, { client_notification_token: 'n'.repeat(40) });
  assert.equal((await approve(browser, person)).status, 200);
  assert.deepEqual(told, [
    {
      body: JSON.stringify({ auth_req_id: asked['auth_req_id'] }),
      authorization: `Bearer ${'n'.repeat(40)}`,
    },
  ]);
  assert.equal((await poll(issuer, client, asked))['status'], 200);
  status = 500;
  const untold = await ask(issuer, client, { client_notification_token: 'n'.repeat(40) });
  assert.equal((await approve(browser, person)).status, 200);
  await issuer.poorter.awaitNotice('issuer_notice_failed');
  assert.equal((await poll(issuer, client, untold))['status'], 200);
});

test('a payment that is asked for at a till is signed on the phone, as it is', async () => {
  const { issuer, person } = await start();
  const client = await makeClient(issuer);
  const payment = {
    type: 'payment_initiation',
    instructedAmount: { currency: 'EUR', amount: '12.50' },
    creditorName: 'Bakkerij Peeters',
    creditorAccount: { iban: 'BE71096123456769' },
  };
  const asked = await ask(issuer, client, { authorization_details: JSON.stringify([payment]) });
  assert.equal(asked['status'], 200, JSON.stringify(asked));
  const browser = await browserOf(issuer, person);
  assert.match((await browser.get('/account/decision')).text, /12\.50 EUR[\s\S]*Bakkerij Peeters/);
  assert.equal((await approve(browser, person)).status, 200);
  const tokens = await poll(issuer, client, asked);
  const [detail] = decodeJwt(String(tokens['access_token']))['authorization_details'] as [
    Record<string, unknown>,
  ];
  const { approval, ...rest } = detail;
  assert.deepEqual(rest, payment);
  assert.ok(approval);
});
