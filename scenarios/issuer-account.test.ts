import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, enrolBy, goThrough, signIn } from './world/person.fixture.ts';

import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { SoftPasskey } from './world/soft-passkey.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36';

/** One for all who change nothing of it: a start takes seconds of processor time. */
const upstream = await startRawUpstream({ after });
const shared = await startIssuer({ after }, upstream.url);

async function start(issuer = shared) {
  const person = await enrol(issuer, 'griet@example.test');
  const run = async (...argv: string[]) => JSON.parse(await issuer.run(...argv, '--json'));
  return { issuer, person, run, browser: new SoftBrowser(issuer.origin) };
}

/** The value of the first field of this name on a page. */
const fieldOf = (text: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? assert.fail(text);

test('whoever signs in at the account is signed in for applications, sees where, and ends one place or all', async () => {
  const { issuer, person, run, browser } = await start();
  const asked = await browser.get('/account/sessions');
  assert.equal(asked.location, '/account/sign-in?to=sessions', 'a stranger signs in first');
  const signed = await signIn(browser, person.passkey, 'sessions');
  assert.deepEqual(
    [signed.status, JSON.parse(signed.text)],
    [200, { location: '/account/sessions' }],
  );
  const shown = await browser.get('/account/sessions');
  assert.match(shown.text, /<h2>Firefox, Linux <span class="mark">This browser<\/span><\/h2>/);

  // One session, for both: the application is not asked for a passkey once more.
  const application = await makeApplication(issuer, CALLBACK);
  const { url } = await askFor(application);
  const { at } = await browser.follow(`${url.pathname}${url.search}`);
  assert.match((await browser.get(new URL(at).pathname)).text, /value="allow"/);

  const other = new SoftBrowser(issuer.origin, CHROME);
  await signIn(other, person.passkey);
  const both = await browser.get('/account/sessions');
  assert.match(both.text, /<h2>Chrome, Windows<\/h2>/);
  const { sessions } = await run('accounts', 'sessions', person.id);
  assert.deepEqual(
    sessions.map(({ browser, acr }: { browser: string; acr: string }) => [browser, acr]).toSorted(),
    [
      ['Chrome, Windows', 'phr'],
      ['Firefox, Linux', 'phr'],
    ],
  );
  const theirs = sessions.find(({ browser }: { browser: string }) => browser.startsWith('Chrome'));
  const ended = await browser.postForm('/account/sessions/end', { session: theirs.id });
  assert.match(ended.text, /role="status">Ended at \d\d:\d\d:\d\d /);
  assert.equal((await other.get('/account')).location, '/account/sign-in?to=account');
  assert.match(
    (await browser.postForm('/account/sessions/end', { session: theirs.id })).text,
    /had ended before/,
  );

  await signIn(other, person.passkey);
  const all = await other.postForm('/account/sessions/end-all', {});
  assert.equal(all.location, '/account/sign-in');
  assert.equal((await browser.get('/account')).status, 303, 'everywhere');
  assert.deepEqual((await run('accounts', 'sessions', person.id)).sessions, []);
});

test('what goes with a session ends with it, also when an operator ends it: a code that was not redeemed', async () => {
  const { issuer, person, run, browser } = await start();
  const application = await makeApplication(issuer, CALLBACK);
  const asked = await askFor(application);
  const back = await goThrough(browser, asked.url, person);
  const [{ id }] = (await run('accounts', 'sessions', person.id)).sessions;
  const ended = await run('accounts', 'end-session', person.id, id);
  assert.equal(ended.browser, 'Firefox, Linux');
  await assert.rejects(redeem(application, asked, back), { error: 'invalid_grant' });
  await assert.rejects(run('accounts', 'end-session', person.id, id), /There is nothing/);
  const again = await askFor(application);
  const tokens = await redeem(application, again, await goThrough(browser, again.url, person));
  assert.ok(tokens.access_token);
});

test('what somebody allowed is shown with what and until when, and taken back at every gate', async () => {
  const { issuer, person, run, browser } = await start();
  const application = await makeApplication(issuer, CALLBACK);
  const give = async () => {
    const asked = await askFor(application);
    const back = await goThrough(browser, asked.url, person);
    return redeem(application, asked, back);
  };
  const { access_token: token } = await give();
  const headers = { authorization: `Bearer ${token}` };
  const accounts = `${issuer.poorter.url}/accounts`;
  assert.equal((await call(accounts, { headers })).status, 200);
  const shown = await browser.get('/account/grants');
  assert.match(shown.text, /<h2>Budget<\/h2>/);
  assert.match(shown.text, /<li>Accounts: See what stands on them<\/li>/);
  const grant = fieldOf(shown.text, 'grant');
  const listed = (await run('accounts', 'grants', person.id)).grants;
  assert.deepEqual(
    listed.map(({ id, name, own }: { id: string; name: string; own: string[] }) => [id, name, own]),
    [[grant, 'Budget', ['openid']]],
  );

  const stranger = await enrol(issuer, 'jan@example.test');
  const theirs = new SoftBrowser(issuer.origin);
  await signIn(theirs, stranger.passkey);
  await theirs.postForm('/account/grants/take-back', { grant });
  assert.equal((await call(accounts, { headers })).status, 200, 'it is not theirs');
  const foreign = await browser.postForm(
    '/account/grants/take-back',
    { grant },
    'https://evil.test',
  );
  assert.equal(foreign.status, 403, 'another page takes nothing back');

  const taken = await browser.postForm('/account/grants/take-back', { grant });
  assert.equal((await call(accounts, { headers })).status, 401, 'when it is answered');
  assert.match(taken.text, /Taken back\. Since \d\d:\d\d:\d\d .*, Budget may do nothing for you/);
  assert.match(taken.text, /No application may do anything for you/);

  // An operator sees and does the same; whoever is asked again may say yes again.
  const second = { authorization: `Bearer ${(await give()).access_token}` };
  const [{ id }] = (await run('accounts', 'grants', person.id)).grants;
  assert.equal((await call(accounts, { headers: second })).status, 200);
  await run('accounts', 'end-grant', person.id, id);
  assert.equal((await call(accounts, { headers: second })).status, 401);
  assert.deepEqual((await run('accounts', 'grants', person.id)).grants, []);
  await assert.rejects(run('accounts', 'end-grant', person.id, id), /There is nothing/);
});

test('a passkey is added and removed by whoever has shown a moment ago who they are, and never the last one', async () => {
  const { person, run, browser } = await start();
  await signIn(browser, person.passkey);
  const only = fieldOf((await browser.get('/account/credentials')).text, 'credential');
  const kept = await browser.postForm('/account/credentials/remove', { credential: only });
  assert.match(kept.text, /This stays/);

  const spare = new SoftPasskey(browser.origin);
  assert.equal((await browser.get('/account/passkey')).status, 200);
  const begun = JSON.parse((await browser.postJson('/account/passkey/begin', {})).text);
  const credential = spare.create(begun);
  const foreign = await browser.postJson(
    '/account/passkey/finish',
    { credential },
    'https://evil.test',
  );
  assert.equal(foreign.status, 403);
  const added = await browser.postJson('/account/passkey/finish', { credential });
  assert.deepEqual(JSON.parse(added.text), { location: '/account/credentials' });
  assert.equal((await browser.postJson('/account/passkey/finish', { credential })).status, 422);

  const both = (await run('accounts', 'credentials', person.id)).credentials;
  assert.equal(both.length, 2);
  // Two at once, each of which leaves the other: one stays.
  const races = await Promise.all(
    both.map(({ id }: { id: string }) =>
      browser.postForm('/account/credentials/remove', { credential: id }),
    ),
  );
  assert.equal(races.filter(({ text }) => text.includes('This stays')).length, 1);
  const [left] = (await run('accounts', 'credentials', person.id)).credentials;
  assert.equal((await signIn(browser, left.id === only ? person.passkey : spare)).status, 200);
  assert.equal((await signIn(browser, left.id === only ? spare : person.passkey)).status, 401);

  await run('accounts', 'remove-credential', person.id, left.id);
  assert.deepEqual((await run('accounts', 'credentials', person.id)).credentials, []);
  await assert.rejects(
    run('accounts', 'remove-credential', person.id, left.id),
    /There is nothing/,
  );
});

test('a recovery code makes one new passkey, once, and does nothing else', async (t) => {
  const { issuer, person, browser } = await start(await startIssuer(t, upstream.url));
  await signIn(browser, person.passkey);
  const made = await browser.postForm('/account/recovery-codes', {});
  const codes = [...made.text.matchAll(/<code>([^<]+)<\/code>/g)].map(([, code = '']) => code);
  assert.equal(new Set(codes).size, 10);
  const again = await browser.get('/account/recovery-codes');
  assert.match(again.text, /You have 10 codes left/);
  for (const code of codes) assert.ok(!again.text.includes(code), 'shown once');

  const lost = new SoftBrowser(issuer.origin);
  const [first = '', second = ''] = codes;
  assert.equal((await lost.postForm('/recover', { code: first }, 'https://evil.test')).status, 403);
  assert.equal((await lost.postForm('/recover', { code: 'AAAA-AAAA-AAAA-AAAA' })).status, 401);
  // Fewer than the failures after which this address is not heard any more.
  const races = await Promise.all(
    Array.from({ length: 80 }, () =>
      lost.postForm('/recover', { code: first.toLowerCase().replaceAll('-', ' ') }),
    ),
  );
  const won = races.filter(({ status }) => status === 303);
  assert.deepEqual([won.length, new Set(races.map(({ status }) => status)).size], [1, 2]);
  assert.equal((await lost.get('/account')).status, 303, 'it signs nobody in');
  const link = new URL(String(won[0]?.location), issuer.origin);
  assert.equal(link.pathname, '/enrol');
  const passkey = await enrolBy(lost, link.hash.slice(1));
  assert.equal((await signIn(lost, passkey)).status, 200);
  assert.match((await lost.get('/account/recovery-codes')).text, /You have 9 codes left/);

  await lost.postForm('/account/recovery-codes', {});
  assert.equal((await lost.postForm('/recover', { code: second })).status, 401, 'replaced');
  await issuer.run('accounts', 'disable', person.id);
  assert.equal((await lost.get('/account')).status, 303);
});

test('every act of a person stands in the log with its name and whose it was, and with nothing that opens', async () => {
  const { issuer, person, browser } = await start();
  await signIn(browser, person.passkey);
  const made = await browser.postForm('/account/recovery-codes', {});
  const [, code = ''] = /<code>([^<]+)<\/code>/.exec(made.text) ?? [];
  await browser.postForm('/account/sign-out', {});
  assert.equal((await browser.get('/account')).status, 303);
  let found = '';
  await eventually('the last act is found', async () => {
    const search = issuer.run('log', 'search', '--subject', person.id, '--names', '--json');
    // Until the first is kept, no record has this subject.
    found = await search.catch(() => '');
    return found.includes('"signOutHere"');
  });
  const records = found.split('\n').map((line) => JSON.parse(line));
  const of = (name: string) => records.find(({ leaf }) => leaf.operation === name)?.caller;
  for (const operation of ['finishAccountSignIn', 'makeRecoveryCodes', 'signOutHere']) {
    assert.partialDeepStrictEqual(of(operation), { kind: 'person', client: null }, operation);
  }
  assert.ok(!found.includes(code));
});
