import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call, codeOf } from './world/calls.fixture.ts';
import {
  FROM_PAGE,
  makePage,
  PageBrowser,
  SESSION_COOKIE,
  startGateWithSessions,
} from './world/gate-session.fixture.ts';
import { enrol } from './world/person.fixture.ts';
import { startService } from './world/service.fixture.ts';

const service = await startService({ after }, (response, { target }) => {
  const planted = [
    ...[`${SESSION_COOKIE}=${'a'.repeat(43)}; Path=/`, `=${SESSION_COOKIE}=b; Path=/`],
    ...[` Poorter-Gate =c`, 'poorter-gate-sign-in=d', 'theirs=1'],
  ];
  const cookies = target.includes('?plant') ? { 'set-cookie': planted } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...cookies }).end('{}');
});
const gate = await startGateWithSessions({ after }, service.url, {
  forwardAuth: [{ address: '127.0.0.1:0', for: 'traefik' }],
  api: { flows: ['redirect', 'session'], allowUndocumentedQuery: ['plant'] },
});
const { issuer, origin } = gate;
const client = await makePage(gate);
const griet = await enrol(issuer, 'griet@example.test');

const JSON_BODY = { 'content-type': 'application/json' };
const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
};
const ORDER = JSON.stringify({
  ...{ amount: 12.5, currency: 'EUR', to: { iban: 'BE71096123456769' } },
});

test('somebody signs in for a page, and its calls count as those of its client with a token', async () => {
  const browser = new PageBrowser(gate, client);
  assert.deepEqual(await browser.shown(), { signedIn: false });
  assert.equal(codeOf(await browser.fetch('/accounts')), 'credentials_required');
  const back = await browser.signIn(griet, '?return=/app?tab=1%23top');
  assert.equal(back.headers.location, `${origin}/app?tab=1#top`);
  const called = await browser.fetch('/accounts');
  assert.equal(called.status, 200, called.text);
  const shown = await browser.shown();
  assert.equal(shown['signedIn'], true);
  assert.deepEqual([shown['scopes'], shown['acr']], [['openid', 'accounts.read'], 'phr']);
  assert.equal(codeOf(await browser.fetch('/accounts', { method: 'POST' })), 'insufficient_scope');
  const isCall = ({ operation, code }: Record<string, unknown>) =>
    operation === 'GET /accounts' && code === null;
  const [record] = await issuer.poorter.awaitRecords(1, isCall);
  const {
    kind,
    client: of,
    subject,
    credentialId,
  } = (record?.['principal'] ?? {}) as Record<string, unknown>;
  assert.deepEqual([kind, of, subject], ['token', client, shown['subject']]);
  assert.match(String(credentialId), /^gs_/);
  const again = new PageBrowser(gate, client);
  await again.signIn(griet);
  assert.equal((await again.shown())['subject'], shown['subject'], 'by one name at one site');
});

test('no token reaches the browser, by a body, a header or a cookie', async () => {
  const browser = new PageBrowser(gate, client);
  const left = await browser.decide(griet);
  const answers = [await browser.comeBack(left), await browser.fetch('/accounts')];
  answers.push(await browser.fetch(browser.at('session')));
  answers.push(await browser.fetch(browser.at('sign-out'), { method: 'POST' }));
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses, [303, 200, 200, 200]);
  for (const { rawHeaders, text } of answers) {
    assert.doesNotMatch(`${rawHeaders.join(' ')} ${text}`, /eyJ|access_token|id_token|refresh/i);
  }
});

test('the session is kept by a cookie that scripts cannot read and other sites cannot have sent, and by no cache', async () => {
  const browser = new PageBrowser(gate, client);
  const back = await browser.comeBack(await browser.decide(griet));
  const [field = '', ...others] = back.headers['set-cookie'] ?? [];
  assert.equal(others.length, 0);
  assert.match(field, /^poorter-gate=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.equal(back.headers['cache-control'], 'no-store');
  assert.equal(back.headers['referrer-policy'], 'no-referrer');
  const { headers } = await browser.fetch(browser.at('session'));
  assert.equal(headers['cache-control'], 'no-store');
});

test('the cookie reaches no service, no record and no line of the program, and the others pass', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const { session } = browser;
  const headers = { cookie: `theirs=1; ${browser.cookie}; more=2` };
  assert.equal((await browser.fetch('/accounts', { headers })).status, 200);
  assert.equal(service.last().headers.cookie, 'theirs=1; more=2');
  assert.doesNotMatch(JSON.stringify(service.last().rawHeaders), new RegExp(session));
  await browser.fetch(browser.at('session'));
  await browser.fetch('/nothing-here');
  const records = JSON.stringify(await issuer.poorter.records());
  for (const text of [records, issuer.poorter.output()]) assert.ok(!text.includes(session));
});

test('a service cannot put a session into a browser, nor take one out', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const { headers } = await browser.fetch('/accounts?plant=1');
  assert.deepEqual(headers['set-cookie'], ['theirs=1']);
});

test('what is in the cookie opens nothing as a bearer token', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const headers = { authorization: `Bearer ${browser.session}` };
  assert.equal(codeOf(await call(`${origin}/accounts`, { headers })), 'token_opaque');
});

test('a token that is shown counts, whatever the cookie says', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const headers = { authorization: 'Bearer a.b.c' };
  assert.equal((await browser.fetch('/accounts', { headers })).status, 401);
});

test('cookies that are broken, of nobody, or there twice are refused as such, and cost their address nothing', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const good = `${SESSION_COOKIE}=${browser.session}`;
  for (const cookie of [
    ...[`${SESSION_COOKIE}=`, `${SESSION_COOKIE}=x`, `${SESSION_COOKIE}=${'a'.repeat(43)}`],
    ...[`${good}; ${good}`, `${good}; ${SESSION_COOKIE}=${'b'.repeat(43)}`, `${good}x`],
    ...[`${SESSION_COOKIE}="${browser.session}"`, `"${SESSION_COOKIE}"=x`, `${good}%00`],
    ...[`${SESSION_COOKIE}=<script> /bin/sleep 0`, `${SESSION_COOKIE}=${'a'.repeat(5_000)}`],
  ]) {
    const answer = await browser.fetch('/accounts', { headers: { cookie } });
    assert.equal(answer.status, 401, cookie);
    assert.ok(['session_invalid', 'credentials_required'].includes(codeOf(answer)), cookie);
    assert.equal(answer.headers.location, undefined, 'a call of a script is led nowhere');
  }
  const headers = { cookie: `${SESSION_COOKIE}=${'a'.repeat(43)}` };
  const many = Array.from({ length: 120 }, () => browser.fetch('/accounts', { headers }));
  for (const { status } of await Promise.all(many)) assert.equal(status, 401);
  assert.equal((await browser.fetch('/accounts')).status, 200);
});

test('whoever has a session that is over signs in again, in the same browser', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const over = browser.session;
  await browser.fetch(browser.at('sign-out'), { method: 'POST' });
  browser.cookies.set(SESSION_COOKIE, over);
  assert.deepEqual(await browser.shown(), { signedIn: false });
  await browser.signIn(griet);
  assert.notEqual(browser.session, over);
  assert.equal((await browser.fetch('/accounts')).status, 200);
});

test('nothing but the gate gets anything for this client: not what runs in its page, with whatever it knows', async () => {
  const browser = new PageBrowser(gate, client);
  const callback = `${origin}${browser.at('callback')}`;
  const verifier = 'v'.repeat(43);
  const request = {
    ...{ client_id: client, response_type: 'code', scope: 'openid accounts.read' },
    ...{ redirect_uri: callback, code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
    ...{ state: 's', prompt: 'none' },
  };
  await browser.signIn(griet);
  const straight = await browser.there.get(`/auth?${new URLSearchParams(request)}`);
  assert.match(String(straight.location), /error=unauthorized_client/);
  const post = (path: string, fields: Record<string, string>) =>
    call(`${issuer.origin}${path}`, {
      ...{ method: 'POST', body: String(new URLSearchParams(fields)) },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  const pushed = await post('/request', request);
  assert.equal(JSON.parse(pushed.text).error, 'unauthorized_client', pushed.text);
  const back = await browser.decide(griet);
  const redeemed = await post('/token', {
    ...{ grant_type: 'authorization_code', client_id: client, redirect_uri: callback },
    ...{ code: back.searchParams.get('code') ?? '', code_verifier: verifier },
  });
  assert.equal(JSON.parse(redeemed.text).error, 'unauthorized_client');
  assert.equal((await browser.comeBack(back)).status, 303, 'which used up nothing');
});

test('where gates ask, nobody is told anything who is none of ours', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const secret = Buffer.from(`gate:${'a'.repeat(43)}`).toString('base64');
  for (const authorization of [undefined, 'Basic x', `Basic ${secret}`, 'Bearer a']) {
    const form = new URLSearchParams({ token: `${origin} ${browser.session}` });
    const answer = await call(`${issuer.origin}/gate/sessions/resolve`, {
      ...{ method: 'POST', body: String(form) },
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization !== undefined && { authorization }),
      },
    });
    assert.equal(answer.status, 401);
    assert.deepEqual(JSON.parse(answer.text), { error: 'invalid_client' });
  }
});

test('a payment that somebody approved is made by the page that asked, once', async () => {
  const paying = await makePage(gate, '--detail-types', 'payment_initiation');
  const browser = new PageBrowser(gate, paying);
  const details = encodeURIComponent(JSON.stringify([PAYMENT]));
  await browser.signIn(griet, `?authorization_details=${details}`);
  const pay = () => browser.fetch('/payments', { method: 'POST', body: ORDER, headers: JSON_BODY });
  const paid = await pay();
  assert.equal(paid.status, 200, paid.text);
  assert.equal(codeOf(await pay()), 'insufficient_user_authentication', 'it is used up');
});

test('an application asks for a fresh sign-in, and its page is told why there is none', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const before = (await browser.shown())['signedInAt'];
  const quiet = await browser.leave('?prompt=login&return=/again');
  assert.match(quiet.search, /request_uri=/);
  const { at } = await browser.there.follow(`${quiet.pathname}${quiet.search}`);
  assert.match(at, /\/sign-in\//, 'they are asked, signed in or not');
  const stranger = new PageBrowser(gate, client);
  const nobody = await stranger.leave('?prompt=none&return=/quiet?a=b');
  const { at: back } = await stranger.there.follow(`${nobody.pathname}${nobody.search}`);
  const told = await stranger.comeBack(new URL(back));
  assert.equal(told.headers.location, `${origin}/quiet?a=b&sign_in_error=login_required`);
  assert.equal(told.headers['set-cookie'], undefined);
  assert.notEqual(before, undefined);
});

test('an application that is none, or of another kind, has no address here', async () => {
  const secret = await issuer.run(
    ...['clients', 'create', '--name', 'Ledger', '--profile', 'browser'],
    ...['--redirect-uri', 'https://ledger.test/callback', '--scopes', 'accounts.read'],
  );
  const [ledger = ''] = secret.split('\n');
  for (const other of ['client_000000000000000000000000', 'nobody', '../x', ledger]) {
    const browser = new PageBrowser(gate, other);
    for (const verb of ['sign-in', 'session'] as const) {
      const { status } = await browser.ask(browser.at(verb), { headers: FROM_PAGE });
      assert.ok([400, 404].includes(status), `${other} ${verb} ${status}`);
    }
  }
});

test('addresses of applications are answered under the name of the gate alone', async () => {
  const browser = new PageBrowser(gate, client);
  const headers = { host: `evil.example:${new URL(origin).port}` };
  const answer = await browser.ask(browser.at('sign-in'), { headers });
  assert.deepEqual([answer.status, codeOf(answer)], [421, 'other_host']);
});

test('a proxy that asks the gate is told the same of a session and of the page that calls', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const ask = (path: string, headers: Record<string, string>) =>
    call(`http://${issuer.poorter.addresses[1]}/`, {
      headers: {
        ...{ 'x-forwarded-method': 'GET', 'x-forwarded-uri': path, 'x-forwarded-proto': 'http' },
        ...{ 'x-forwarded-host': new URL(origin).host, 'x-forwarded-for': browser.address },
        ...{ cookie: browser.cookie, ...headers },
      },
    });
  assert.equal((await ask('/accounts', FROM_PAGE)).status, 200);
  const refused = await ask('/accounts', { 'sec-fetch-site': 'same-site' });
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'page_not_allowed']);
  const address = await ask(browser.at('session'), FROM_PAGE);
  assert.equal(codeOf(address), 'no_such_operation', 'a proxy passes these to a listener');
});
