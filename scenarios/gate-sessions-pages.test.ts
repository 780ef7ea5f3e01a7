import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { type Answer, type CallOptions, codeOf } from './world/calls.fixture.ts';
import {
  makePage,
  PageBrowser,
  SESSION_COOKIE,
  SIGN_IN_COOKIE,
  startGateWithSessions,
} from './world/gate-session.fixture.ts';
import { takeSockets } from './world/listener.fixture.ts';
import { enrol, goOn } from './world/person.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';

const PAGE = 'http://localhost:9999';
const EVIL = 'https://evil.example';

let asked = 0;
const service = await startStreamingService({ after }, (_, response) => {
  asked += 1;
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
takeSockets({ after }, service);
const gate = await startGateWithSessions({ after }, service.url, {
  api: {
    flows: ['redirect', 'session'],
    cors: { origins: [PAGE], credentials: true },
  },
});
const { issuer, origin } = gate;
const scopes = ['--scopes', 'accounts.read,accounts.write'];
const client = await makePage(gate, ...scopes);
const elsewhere = await makePage(gate, '--page', PAGE, ...scopes);
const griet = await enrol(issuer, 'griet@example.test');
const victim = new PageBrowser(gate, client);
await victim.signIn(griet);
const guest = new PageBrowser(gate, elsewhere);
await guest.signIn(griet);

type Said = Readonly<Record<string, string>>;

const post = (browser: PageBrowser, headers: Said, path = '/accounts') =>
  browser.ask(path, { method: 'POST', headers });

async function refused(call: () => Promise<Answer>): Promise<void> {
  const before = asked;
  const answer = await call();
  assert.deepEqual([answer.status, codeOf(answer)], [403, 'page_not_allowed'], answer.text);
  assert.equal(asked, before, 'nothing reaches the service');
}

test('what changes something counts from the page alone: everything else that has the cookie sent is 403', async () => {
  for (const headers of [
    { 'sec-fetch-site': 'same-origin' },
    { origin },
    { origin, 'sec-fetch-site': 'same-origin' },
  ] as Said[]) {
    assert.equal((await post(victim, headers)).status, 200, JSON.stringify(headers));
  }
  for (const headers of [
    ...[{}, { origin: EVIL }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }],
    ...[
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { origin: `${origin}.evil` },
    ],
    ...[
      { origin: PAGE, 'sec-fetch-site': 'same-site' },
      { origin: origin.replace('http', 'https') },
    ],
    ...[{ origin: EVIL, 'sec-fetch-site': 'same-origin' }, { referer: `${origin}/` }],
    { origin: `http://localhost`, 'sec-fetch-site': 'same-site' },
  ] as Said[]) {
    await refused(() => post(victim, headers));
  }
});

test('what only reads is not read from elsewhere either, by an image or a script of another site', async () => {
  const get = (headers: Said) => victim.ask('/accounts', { headers });
  for (const site of ['same-origin', 'none']) {
    assert.equal((await get({ 'sec-fetch-site': site })).status, 200, site);
  }
  assert.equal((await get({})).status, 200, 'an old browser, whose cookie is SameSite=Strict');
  await refused(() => get({ 'sec-fetch-site': 'cross-site' }));
  await refused(() => get({ 'sec-fetch-site': 'same-site' }));
  await refused(() => get({ origin: EVIL }));
});

test('a call that no page may make costs the person nothing: they are not kept out for it', async () => {
  const many = Array.from({ length: 150 }, () => post(victim, { origin: EVIL }));
  for (const { status } of await Promise.all(many)) assert.equal(status, 403);
  assert.equal((await victim.fetch('/accounts')).status, 200);
});

test('a page on another origin of the site calls with its own name, and may read the answers', async () => {
  const from = { origin: PAGE, 'sec-fetch-site': 'same-site' };
  for (const call of [() => post(guest, from), () => guest.ask('/accounts', { headers: from })]) {
    const answer = await call();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['access-control-allow-origin'], PAGE);
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
  }
  await refused(() => post(guest, { origin, 'sec-fetch-site': 'same-origin' }));
  await refused(() => guest.ask('/accounts', { headers: { 'sec-fetch-site': 'same-origin' } }));
  const shown = await guest.ask(guest.at('session'), { headers: from });
  assert.equal(JSON.parse(shown.text).signedIn, true);
  assert.equal(shown.headers['access-control-allow-origin'], PAGE);
  assert.equal(shown.headers['access-control-allow-credentials'], 'true');
  assert.equal(shown.headers.vary, 'origin');
  const preflight = await guest.ask('/accounts', {
    method: 'OPTIONS',
    headers: { origin: PAGE, 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.status, 204);
});

test('nobody else may read who is signed in, nor end it', async () => {
  for (const headers of [{ origin: EVIL }, { 'sec-fetch-site': 'cross-site' }, { origin: PAGE }]) {
    const shown = await victim.ask(victim.at('session'), { headers });
    assert.equal(codeOf(shown), 'page_not_allowed');
    assert.equal(shown.headers['access-control-allow-origin'], undefined);
    await refused(() => post(victim, headers, victim.at('sign-out')));
  }
  await refused(() => post(victim, {}, victim.at('sign-out')));
  assert.equal((await victim.ask(victim.at('sign-out'))).status, 405, 'a link ends nothing');
  assert.equal((await victim.fetch('/accounts')).status, 200);
});

test('a WebSocket opens with the cookie where its handshake names the page, and from nowhere else', async () => {
  const open = async (headers: Said) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed`, {
      headers: { cookie: victim.cookie, ...headers },
    });
    const opened = once(socket, 'open').then(() => 101);
    const turnedDown = once(socket, 'unexpected-response').then(
      ([, answer]) => (answer as { statusCode: number }).statusCode,
    );
    socket.on('error', () => undefined);
    const status = await Promise.race([opened, turnedDown]);
    socket.terminate();
    return status;
  };
  assert.equal(await open({ origin }), 101);
  const sameOrigin = { 'sec-fetch-site': 'same-origin' };
  for (const headers of [{}, { origin: EVIL }, { origin: 'null' }, { origin: PAGE }, sameOrigin]) {
    assert.equal(await open(headers as Said), 403, JSON.stringify(headers));
  }
});

test('a page of another application signs nobody out of this one', async () => {
  const browser = new PageBrowser(gate, client);
  await browser.signIn(griet);
  const other = { origin: PAGE, 'sec-fetch-site': 'same-site' };
  const answer = await post(browser, other, guest.at('sign-out'));
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await browser.fetch('/accounts')).status, 200, 'it is still there');
});

test('somebody is led back to the page, and to no other place', async () => {
  for (const path of [
    ...['//evil.example', '/\\evil.example', 'https://evil.example'],
    ...['/\t/evil.example', '/..//evil.example', '', 'evil', '/.poorter/app/x/sign-out', '/a b'],
  ]) {
    const query = `?return=${encodeURIComponent(path)}`;
    const answer = await victim.ask(`${victim.at('sign-in')}${query}`);
    assert.equal(answer.status, 400, path);
    assert.equal(answer.headers.location, undefined);
  }
  const told = await victim.ask(`${victim.at('sign-in')}?return=//evil.example`);
  const { errors } = JSON.parse(told.text);
  assert.partialDeepStrictEqual(errors, [{ in: 'query', name: 'return' }], 'which one, and why');
  const twice = await victim.ask(`${victim.at('sign-in')}?return=/a&return=//evil.example`);
  assert.equal(twice.status, 400);
  assert.equal((await victim.ask(`${victim.at('sign-in')}?next=/a`)).status, 400);
  const there = new PageBrowser(gate, elsewhere);
  const back = await there.signIn(griet, '?return=/app');
  assert.equal(back.headers.location, `${PAGE}/app`);
});

test('whoever sends people to sign in from elsewhere says where they go on, and no more', async () => {
  const signIn = (query: string, headers: Said) =>
    new PageBrowser(gate, client).ask(`/.poorter/app/${client}/sign-in${query}`, { headers });
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' };
  assert.equal((await signIn('?return=/a', cross)).status, 303);
  const details = encodeURIComponent('[{"type":"payment_initiation"}]');
  for (const query of ['?scope=openid', `?authorization_details=${details}`, '?prompt=none']) {
    for (const headers of [cross, {}, { 'sec-fetch-site': 'same-site' }] as Said[]) {
      assert.equal(codeOf(await signIn(query, headers)), 'page_not_allowed');
    }
    assert.equal((await signIn(query, { 'sec-fetch-site': 'same-origin' })).status, 303);
  }
});

test('what is no document is not led to sign in: no frame, no image, no call of a script', async () => {
  for (const dest of ['iframe', 'image', 'empty', 'script', 'object']) {
    const headers = { 'sec-fetch-dest': dest };
    await refused(() => new PageBrowser(gate, client).ask(victim.at('sign-in'), { headers }));
  }
});

test('nobody is signed in as somebody else: what was begun in one browser ends in no other', async () => {
  const attacker = new PageBrowser(gate, client);
  const back = await attacker.decide(await enrol(issuer, 'mallory@example.test'));
  const target = new PageBrowser(gate, client);
  await target.leave();
  for (const browser of [target, new PageBrowser(gate, client)]) {
    const answer = await browser.comeBack(back);
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'sign_in_invalid']);
    assert.equal(browser.session, '');
  }
  assert.equal((await attacker.comeBack(back)).status, 303, 'which used up nothing');
});

test('a code of one sign-in makes no session of another', async () => {
  const browser = new PageBrowser(gate, client);
  const [one, other] = [await browser.decide(griet), await browser.decide(griet)];
  const mixed = new URL(one);
  mixed.searchParams.set('code', other.searchParams.get('code') ?? '');
  assert.equal(codeOf(await browser.comeBack(mixed)), 'sign_in_invalid');
  assert.equal(browser.session, '');
});

test('an answer of another authorization server, or of none, is not taken', async () => {
  const browser = new PageBrowser(gate, client);
  const back = await browser.decide(griet);
  for (const iss of [null, EVIL, '', `${issuer.origin}/`]) {
    const changed = new URL(back);
    if (iss === null) changed.searchParams.delete('iss');
    else changed.searchParams.set('iss', iss);
    assert.equal(codeOf(await browser.comeBack(changed)), 'sign_in_invalid', String(iss));
  }
  const twice = new URL(back);
  twice.searchParams.append('state', 'x');
  assert.equal((await browser.comeBack(twice)).status, 400);
  const other = new PageBrowser(gate, elsewhere);
  other.cookies.set(SIGN_IN_COOKIE, browser.cookies.get(SIGN_IN_COOKIE) ?? '');
  const crossed = await other.ask(`${other.at('callback')}${back.search}`);
  assert.equal(codeOf(crossed), 'sign_in_invalid', 'that of another application');
  assert.equal((await browser.comeBack(back)).status, 303);
  assert.equal(codeOf(await browser.comeBack(back)), 'sign_in_invalid', 'once');
});

test('a session that somebody planted before is not the one that is signed in', async () => {
  const planted = new PageBrowser(gate, client);
  await planted.signIn(await enrol(issuer, 'mallory@example.test'));
  const target = new PageBrowser(gate, client);
  for (const session of [planted.session, 'p'.repeat(43)]) {
    target.cookies.set(SESSION_COOKIE, session);
    await target.signIn(griet);
    assert.notEqual(target.session, session);
    assert.equal((await planted.fetch('/accounts')).status, 401, 'what was there before is over');
  }
});

test('two tabs that are sent to sign in come back both, whichever comes first', async () => {
  const browser = new PageBrowser(gate, client);
  const first = await browser.leave('?return=/first');
  const second = await browser.leave('?return=/second');
  const come = async (left: URL) => {
    const { at } = await browser.there.follow(`${left.pathname}${left.search}`);
    return browser.comeBack(new URL(await goOn(browser.there, at, griet)));
  };
  assert.equal((await come(second)).headers.location, `${origin}/second`);
  assert.equal((await come(first)).headers.location, `${origin}/first`);
  assert.equal((await browser.fetch('/accounts')).status, 200);
  assert.deepEqual([...browser.cookies.keys()].toSorted(), [SESSION_COOKIE, SIGN_IN_COOKIE]);
});

test('of a hundred that come back with one state at once, one is signed in', async () => {
  const browser = new PageBrowser(gate, client);
  const back = await browser.decide(griet);
  const { cookie } = browser;
  const options: CallOptions = { headers: { cookie } };
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => browser.ask(`${back.pathname}${back.search}`, options)),
  );
  const sessions = answers.flatMap(({ headers }) => headers['set-cookie'] ?? []);
  assert.equal(sessions.length, 1);
  const others = answers.filter(({ status }) => status !== 303);
  assert.deepEqual(new Set(others.map(codeOf)), new Set(['sign_in_invalid']));
  assert.equal((await browser.fetch('/accounts')).status, 200, 'and stays it');
});

test('whatever a browser sends to these addresses, the answer is no fault, leads nowhere else, and signs nobody in', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.constantFrom('//evil.example', '/\\evil.example', '\r\nset-cookie: a=b', '%00', '{}', '[]'),
    fc.constantFrom('none', '[{"type":"payment_initiation"}]', 'x'.repeat(9_000), 'openid'),
  );
  const name = fc.oneof(
    fc.constantFrom('return', 'scope', 'state', 'code', 'iss', 'error', 'prompt', 'max_age'),
    fc.constantFrom('authorization_details', 'acr_values', '__proto__', 'constructor', ''),
  );
  const asked = fc.record({
    verb: fc.constantFrom('sign-in', 'callback', 'session', 'sign-out', '', 'x', '../session'),
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
    query: fc.array(fc.tuple(name, text), { maxLength: 5 }),
    cookie: fc.constantFrom('', 'x', 'a'.repeat(43), '"', '%', '=;=', 'a'.repeat(43).concat(', b')),
    site: fc.constantFrom('same-origin', 'cross-site', 'none', undefined),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ verb, method, query, cookie, site }) => {
      const browser = new PageBrowser(gate, client);
      const search = String(new URLSearchParams(query));
      const answer = await browser.ask(`/.poorter/app/${client}/${verb}?${search}`, {
        method,
        headers: {
          cookie: `${SESSION_COOKIE}=${cookie}; ${SIGN_IN_COOKIE}=${cookie}`,
          ...(site !== undefined && { 'sec-fetch-site': site }),
        },
      });
      assert.ok(answer.status < 500, `${method} ${verb} ${search}: ${answer.text}`);
      assert.equal(browser.session, '');
      const { location } = answer.headers;
      if (location !== undefined) assert.equal(new URL(location).origin, issuer.origin);
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
  );
  assert.deepEqual(issuer.poorter.notices('issuer_fault'), []);
});
