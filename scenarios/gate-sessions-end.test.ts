import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { codeOf, eventually } from './world/calls.fixture.ts';
import {
  makePage,
  PageBrowser,
  SESSION_COOKIE,
  startGateWithSessions,
} from './world/gate-session.fixture.ts';
import { listen, streamEvents, takeSockets } from './world/listener.fixture.ts';
import { askFor, makeApplication } from './world/own-issuer.fixture.ts';
import { enrol, goThrough, type Person, signIn } from './world/person.fixture.ts';
import { startStreamingService } from './world/service.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const service = await startStreamingService({ after }, ({ url }, response) => {
  if (url === '/events') return streamEvents(response);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
takeSockets({ after }, service);
// So long that nothing here ends because a gate asked again.
const gate = await startGateWithSessions({ after }, service.url, {
  issuer: { sessions: { cacheSeconds: 240 } },
});
const { issuer, origin } = gate;
const client = await makePage(gate);

async function signedIn(name: string, of = client): Promise<[PageBrowser, Person]> {
  const person = await enrol(issuer, name);
  const browser = new PageBrowser(gate, of);
  await browser.signIn(person);
  assert.equal((await browser.fetch('/accounts')).status, 200);
  return [browser, person];
}

async function isOver(browser: PageBrowser, what: string): Promise<void> {
  const answer = await browser.fetch('/accounts');
  assert.deepEqual([answer.status, codeOf(answer)], [401, 'session_invalid'], what);
}

const listening = ({ cookie }: PageBrowser) =>
  listen({ after }, origin, { cookie, 'sec-fetch-site': 'same-origin', origin });

test('whoever signs out is signed out when the answer comes, also with a cookie that somebody copied', async () => {
  const [browser, person] = await signedIn('an@example.test');
  const thief = new PageBrowser(gate, client);
  thief.cookies.set(SESSION_COOKIE, browser.session);
  const other = new PageBrowser(gate, client);
  await other.signIn(person);
  const out = await browser.fetch(browser.at('sign-out'), { method: 'POST' });
  assert.equal(out.status, 200);
  await isOver(thief, 'the copy');
  assert.equal(browser.session, '');
  assert.deepEqual(await thief.shown(), { signedIn: false });
  assert.equal((await other.fetch('/accounts')).status, 200, 'another browser of theirs goes on');
  const { signOutAt } = JSON.parse(out.text) as { signOutAt: string };
  assert.match(signOutAt, new RegExp(`^${issuer.origin}/session/end\\?client_id=${client}`));
  const again = await browser.fetch(browser.at('sign-out'), { method: 'POST' });
  assert.equal(again.status, 200, 'twice is once');
});

test('each act that takes it back counts when it is answered, with a gate that was told otherwise a moment ago', async () => {
  const acts: Record<string, (person: Person, browser: PageBrowser) => Promise<unknown>> = {
    'an operator signs them out': ({ id }) => issuer.run('accounts', 'sign-out', id),
    'an operator disables them': ({ id }) => issuer.run('accounts', 'disable', id),
    'an operator takes back what they allowed': async ({ id }) => {
      const listed = await issuer.run('accounts', 'grants', id, '--json');
      const grants = [...listed.matchAll(/"id":"([^"]+)"/g)].map(([, grant = '']) => grant);
      for (const grant of grants) await issuer.run('accounts', 'end-grant', id, grant);
    },
    'an operator ends that sign-in': async ({ id }) => {
      const listed = await issuer.run('accounts', 'sessions', id, '--json');
      const sessions = [...listed.matchAll(/"id":"([^"]+)"/g)].map(([, session = '']) => session);
      for (const session of sessions) await issuer.run('accounts', 'end-session', id, session);
    },
    'they sign out everywhere, elsewhere': async ({ passkey }) => {
      const elsewhere = new SoftBrowser(issuer.origin);
      await signIn(elsewhere, passkey, 'sessions');
      await elsewhere.postForm('/account/sessions/end-all', {});
    },
    'they sign out at their account': async (_, { there }) => {
      await there.postForm('/account/sign-out', {});
    },
    'they sign out at the authorization server': async (_, { there }) => {
      const { text } = await there.get('/session/end');
      const [, xsrf = ''] = /name="xsrf" value="([0-9a-f]+)"/.exec(text) ?? [];
      await there.postForm('/session/end/confirm', { xsrf, logout: 'yes' });
    },
    'they take back what they allowed': async (_, { there }) => {
      const { text } = await there.get('/account/grants');
      const [, grant = ''] = /name="grant" value="([^"]+)"/.exec(text) ?? [];
      assert.notEqual(grant, '');
      await there.postForm('/account/grants/take-back', { grant });
    },
  };
  for (const [what, act] of Object.entries(acts)) {
    const [browser, person] = await signedIn('bo@example.test');
    await act(person, browser);
    await isOver(browser, what);
    assert.deepEqual(await browser.shown(), { signedIn: false }, what);
  }
});

test('whoever signs in once more in the same browser, for something else, stays signed in for the page', async () => {
  const [browser, person] = await signedIn('ida@example.test');
  const application = await makeApplication(issuer, 'https://budget.test/callback');
  for (const more of [{ prompt: 'login' }, {}, { prompt: 'login', max_age: '0' }]) {
    await goThrough(browser.there, (await askFor(application, more)).url, person);
    await signIn(browser.there, person.passkey);
    assert.equal((await browser.shown())['signedIn'], true);
    assert.equal((await browser.fetch('/accounts')).status, 200);
  }
});

test('a client that is disabled, or may less from now on, ends with what it had', async () => {
  const mine = await makePage(gate, '--scopes', 'accounts.read,accounts.write');
  const [browser] = await signedIn('cis@example.test', mine);
  const write = () => browser.fetch('/accounts', { method: 'POST' });
  assert.equal((await write()).status, 200);
  const fewer = ['--name', 'Budget', '--profile', 'browser', '--flows', 'session'];
  await issuer.run('clients', 'change', mine, ...fewer, '--scopes', 'accounts.read');
  await eventually('asked again, it may less', async () => (await write()).status === 403);
  assert.equal((await browser.fetch('/accounts')).status, 200);
  await issuer.run('clients', 'disable', mine);
  await isOver(browser, 'disabled');
  assert.equal((await browser.ask(browser.at('sign-in'))).status, 404);
});

test('what streams to a page ends when its session does', async () => {
  const [browser] = await signedIn('dirk@example.test');
  const [other] = await signedIn('els@example.test');
  const [ended, kept] = [await listening(browser), await listening(other)];
  await browser.fetch(browser.at('sign-out'), { method: 'POST' });
  await eventually('both have ended', () => ended.hasEventsEnded && ended.hasFeedEnded);
  assert.deepEqual([kept.hasEventsEnded, kept.hasFeedEnded], [false, false]);
});

test('while the authorization server is away, sessions that the gate knows go on, and the others are 503 and not 401', async () => {
  const [known] = await signedIn('fien@example.test');
  const person = await enrol(issuer, 'gust@example.test');
  const unknown = new PageBrowser(gate, client);
  await unknown.signIn(person);
  const { issuer: process_ } = issuer.poorter.children();
  process.kill(process_, 'SIGSTOP');
  try {
    assert.equal((await known.fetch('/accounts')).status, 200);
    const answer = await unknown.fetch('/accounts');
    assert.deepEqual([answer.status, codeOf(answer)], [503, 'introspection_unavailable']);
    assert.equal(answer.headers['retry-after'], '5');
    const [left, out] = await Promise.all([
      new PageBrowser(gate, client).ask(known.at('sign-in')),
      known.fetch(known.at('sign-out'), { method: 'POST' }),
    ]);
    for (const told of [left, out]) {
      assert.deepEqual([told.status, codeOf(told)], [503, 'sign_in_unavailable']);
    }
    assert.notEqual(known.session, '', 'the page can try again');
  } finally {
    process.kill(process_, 'SIGCONT');
  }
  await eventually(
    'it answers again',
    async () => (await unknown.fetch('/accounts')).status === 200,
  );
  assert.equal((await known.fetch(known.at('sign-out'), { method: 'POST' })).status, 200);
});
