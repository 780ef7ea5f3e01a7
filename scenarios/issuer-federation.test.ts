import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { decodeJwt } from 'jose';
import {
  readMail,
  startMailServer,
} from '../packages/server/src/issuer/mail/mail-server.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import {
  addressIn,
  beginAt,
  comeBack,
  consent,
  EIDAS,
  entryFor,
  leaveBy,
  startFederated,
} from './world/federation.fixture.ts';
import { startForeignProvider } from './world/foreign-provider.fixture.ts';
import { askFor, makeApplication, redeem } from './world/own-issuer.fixture.ts';
import { enrol, goOn, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** People sign in at three other OpenID providers: one makes accounts for everybody, one for some, one for nobody. */

const CALLBACK = 'https://budget.test/callback';
const bank = await startForeignProvider({ after }, 'poorter-at-bank');
const town = await startForeignProvider({ after }, 'poorter-at-town');
const guild = await startForeignProvider({ after }, 'poorter-at-guild');
const mail = await startMailServer({ after }, {});
const federation = [
  entryFor(bank, 'bank', { signUp: 'everybody' }),
  entryFor(town, 'town'),
  entryFor(guild, 'guild', {
    ...{ signUp: { team: ['masters', 'scribes'], unit: ['7'] } },
    claims: { name: ['given_name', 'family_name'], email: 'mail' },
  }),
];
const issuer = await startFederated({ after }, federation, {
  issuer: { mail: { server: `smtp://127.0.0.1:${mail.port}`, from: 'no-reply@bank.example' } },
});
const application = await makeApplication(issuer, CALLBACK);
const NOBODY = /opens no account here/;

beforeEach(() => {
  bank.bent = {};
  town.bent = {};
});

const fresh = () => new SoftBrowser(issuer.origin);

/** Signs in at the account, by a provider. */
async function toAccount(
  browser: SoftBrowser,
  provider: typeof bank,
  claims: Record<string, unknown>,
) {
  const id = provider === bank ? 'bank' : provider === town ? 'town' : 'guild';
  const address = await leaveBy(browser, '/account/sign-in/provider?to=credentials', id);
  return comeBack(browser, provider.authorize(address, claims));
}

test('whoever signs in at a provider is let in to the application, as an account that is theirs alone', async () => {
  const browser = fresh();
  const { asked, page } = await beginAt(browser, application, {
    ...{ ui_locales: 'nl', claims: JSON.stringify({ id_token: { amr: null } }) },
  });
  const shown = await browser.get(page);
  assert.match(shown.text, /<button name="provider" value="bank">Aanmelden met De bank</);
  assert.match(shown.text, /<button name="provider" value="town">Aanmelden met De town</);
  assert.match(String(shown.headers['content-security-policy']), /form-action 'self';/);
  const left = await browser.postForm(`${page}/provider`, { provider: 'bank' });
  assert.doesNotMatch(left.text, /<script/);
  const address = addressIn(left);
  const query = Object.fromEntries(address.searchParams);
  assert.partialDeepStrictEqual(query, {
    ...{ client_id: 'poorter-at-bank', response_type: 'code', code_challenge_method: 'S256' },
    ...{ redirect_uri: `${issuer.origin}/federation/bank/callback`, ui_locales: 'nl' },
  });
  assert.match(String(query['state']), /^[\w-]{43}$/);
  assert.match(String(query['nonce']), /^[\w-]{43}$/);
  const back = bank.authorize(address, {
    ...{ sub: 'an-1', name: 'An Peeters', email: 'an@example.test', email_verified: true },
    ...{ acr: `${EIDAS}high`, amr: ['hwk', 'of its own'] },
  });
  const at = await consent(browser, await comeBack(browser, back));
  const tokens = await redeem(application, asked, at);
  const { acr } = decodeJwt(tokens.access_token);
  assert.equal(acr, `${EIDAS}high`);
  assert.deepEqual(decodeJwt(String(tokens.id_token))['amr'], ['hwk']);
  const account = await browser.get('/account');
  assert.match(account.text, /An Peeters/);
  const search = () => issuer.run('log', 'search', '--operation', 'comeBackFromProvider', '--json');
  await eventually('by whom they came stands in the record', async () =>
    (await search()).includes('"reason":"at bank"'),
  );
  const list = JSON.parse(await issuer.run('accounts', 'list', '--json'));
  const found = list.accounts.find(({ name }: { name: string }) => name === 'An Peeters');
  assert.equal(found.language, 'nl', 'as the application spoke to them');
  const [, ...rest] = (await issuer.run('accounts', 'list')).split('\n');
  assert.doesNotMatch(rest.join('\n'), /an-1/);

  // Once more, elsewhere: the same account, and nothing is asked again.
  const second = fresh();
  assert.equal((await toAccount(second, bank, { sub: 'an-1' })).location, '/account/credentials');
  assert.match((await second.get('/account')).text, /An Peeters/);
});

test('the same e-mail address, name or subject at another provider opens nothing', async () => {
  const { id } = await enrol(issuer, 'bea@example.test', '--email', 'bea@example.test');
  const mail = { email: 'bea@example.test', email_verified: true, name: 'Griet Maes' };
  const opened = await toAccount(fresh(), town, { sub: id, ...mail });
  assert.equal(opened.status, 403);
  assert.match(opened.text, NOBODY);
  assert.match(opened.text, /provider_unlinked/);
  const browser = fresh();
  await toAccount(browser, bank, { sub: 'bea', ...mail, preferred_username: 'bea@example.test' });
  const list = await issuer.run('accounts', 'list');
  const lines = list.split('\n').filter((line) => line.includes('identity'));
  assert.ok(lines.every((line) => !line.startsWith(id)));
  assert.equal((await toAccount(fresh(), town, { sub: 'bea', ...mail })).status, 403);
});

test('a sign-in elsewhere is linked by whoever has just shown a passkey, and opens that account from then on', async () => {
  const person = await enrol(issuer, 'carl@example.test');
  const browser = fresh();
  const other = { sub: 'carl-1' };
  const stranger = await browser.postForm('/account/credentials/link', { provider: 'town' });
  assert.equal(stranger.location, '/account/sign-in?to=credentials', 'nobody is signed in');
  await signIn(browser, person.passkey);
  const forged = await browser.postForm(
    ...(['/account/credentials/link', { provider: 'town' }, 'https://evil.test'] as const),
  );
  assert.equal(forged.status, 403);
  const address = await leaveBy(browser, '/account/credentials/link', 'town');
  const back = town.authorize(address, other);
  assert.equal((await comeBack(fresh(), back)).status, 400, 'in another browser');
  assert.equal((await comeBack(browser, back)).location, '/account/credentials');
  assert.match((await browser.get('/account/credentials')).text, /Sign-in at The town/);

  const elsewhere = fresh();
  assert.equal((await toAccount(elsewhere, town, other)).location, '/account/credentials');
  // Whoever has a passkey shows it: what a provider says opens no lasting way in.
  const more = await elsewhere.postForm('/account/credentials/link', { provider: 'bank' });
  assert.equal(more.location, '/account/sign-in?to=credentials');
  // It is theirs: nobody else links it.
  const dina = await enrol(issuer, 'dina@example.test');
  const hers = fresh();
  await signIn(hers, dina.passkey);
  const taken = await leaveBy(hers, '/account/credentials/link', 'town');
  const refused = await comeBack(hers, town.authorize(taken, other));
  assert.deepEqual([refused.status, /identity_taken/.test(refused.text)], [409, true]);

  const shown = JSON.parse(await issuer.run('accounts', 'show', person.id));
  const identity = shown.credentials.find(({ kind }: { kind: string }) => kind === 'identity');
  assert.equal(identity.label, town.url);
  await issuer.run('accounts', 'remove-credential', person.id, identity.id);
  assert.equal(
    (await elsewhere.get('/account')).status,
    303,
    'nor is anybody still signed in by it',
  );
  assert.equal((await toAccount(fresh(), town, other)).status, 403, 'unlinked');
});

test('the last way in cannot be unlinked by a person, and another can', async () => {
  const browser = fresh();
  await toAccount(browser, bank, { sub: 'els', name: 'Els' });
  const idOf = async () => {
    const { text } = await browser.get('/account/credentials');
    return /name="credential" value="([^"]+)"/.exec(text)?.[1] ?? '';
  };
  const first = await idOf();
  const kept = await browser.postForm('/account/credentials/remove', { credential: first });
  assert.match(kept.text, /you could not sign in any more/);
  const address = await leaveBy(browser, '/account/credentials/link', 'town');
  assert.equal((await comeBack(browser, town.authorize(address, { sub: 'els' }))).status, 303);
  const thief = fresh();
  await toAccount(thief, bank, { sub: 'els' });
  const other = fresh();
  await toAccount(other, town, { sub: 'els' });
  const gone = await browser.postForm('/account/credentials/remove', { credential: first });
  assert.match(gone.text, /Removed at/);
  assert.equal((await thief.get('/account')).status, 303, 'who came by it is signed out');
  assert.equal((await other.get('/account')).status, 200);
  assert.equal((await toAccount(fresh(), town, { sub: 'els' })).status, 303);
});

test('whoever is disabled hears what everybody hears who is not known', async () => {
  await toAccount(fresh(), bank, { sub: 'finn', name: 'Finn Frank' });
  const line = (await issuer.run('accounts', 'list')).split('\n').find((one) => /Finn/.test(one));
  const [id = ''] = (line ?? '').split(' ');
  await issuer.run('accounts', 'disable', id);
  const refused = await toAccount(fresh(), bank, { sub: 'finn', name: 'Finn Frank' });
  assert.equal(refused.status, 403);
  assert.match(refused.text, NOBODY);
});

test('how strongly somebody signed in is what the table says of what the provider said, and else the lowest', async () => {
  for (const [said, told] of [
    [`${EIDAS}high`, `${EIDAS}high`],
    ['weak', 'https://refeds.org/profile/sfa'],
    ['phr', '0'],
    ['constructor', '0'],
    [undefined, '0'],
    [['weak'], '0'],
  ]) {
    const browser = fresh();
    const { asked, page } = await beginAt(browser, application);
    const address = await leaveBy(browser, `${page}/provider`, 'bank');
    const back = bank.authorize(address, { sub: 'gina', acr: said });
    const at = await consent(browser, await comeBack(browser, back));
    const { access_token: token } = await redeem(application, asked, at);
    assert.equal(decodeJwt(token)['acr'], told, String(said));
  }
});

test('what an application asks goes through to the provider, and what comes back is looked at', async () => {
  const browser = fresh();
  const asked = { acr_values: `${EIDAS}substantial`, prompt: 'login consent' };
  const { page } = await beginAt(browser, application, asked);
  const address = await leaveBy(browser, `${page}/provider`, 'bank');
  assert.equal(address.searchParams.get('acr_values'), `${EIDAS}high`);
  assert.equal(address.searchParams.get('prompt'), 'login');
  assert.equal(address.searchParams.get('max_age'), '0');
  const before = Math.floor(Date.now() / 1000) - 60;
  for (const auth_time of [undefined, before, before + 3_600]) {
    const again = await leaveBy(browser, `${page}/provider`, 'bank');
    const refused = await comeBack(browser, bank.authorize(again, { sub: 'hans', auth_time }));
    assert.equal(refused.status, 403, String(auth_time));
    assert.match(refused.text, /provider_not_fresh/);
    assert.match(refused.text, new RegExp(`href="${page}"`), 'another way stands there');
  }
  const strong = { sub: 'hans', acr: `${EIDAS}high` };
  const last = await leaveBy(browser, `${page}/provider`, 'bank');
  assert.equal((await comeBack(browser, bank.authorize(last, strong))).status, 303);
});

test('max_age goes through as well, and the time is that of the sign-in there', async () => {
  const browser = fresh();
  const { asked, page } = await beginAt(browser, application, { max_age: '600' });
  const address = await leaveBy(browser, `${page}/provider`, 'bank');
  assert.equal(address.searchParams.get('max_age'), '600');
  const now = Math.floor(Date.now() / 1000);
  const late = await comeBack(
    browser,
    bank.authorize(address, { sub: 'ida', auth_time: now - 700 }),
  );
  assert.match(late.text, /provider_not_fresh/);
  const again = await leaveBy(browser, `${page}/provider`, 'bank');
  const claims = { sub: 'ida', auth_time: now - 300 };
  const at = await consent(browser, await comeBack(browser, bank.authorize(again, claims)));
  const { id_token: token } = await redeem(application, asked, at);
  assert.equal(decodeJwt(String(token))['auth_time'], now - 300);
  // The session stands although the account is younger than the sign-in there.
  assert.equal((await browser.get('/account')).status, 200);
  const older = await askFor(application, { max_age: '200' });
  const { at: where } = await browser.follow(`${older.url.pathname}${older.url.search}`);
  assert.match(where, /\/sign-in\//, 'it is no younger for having come through here');
});

test('who signed in more weakly than is asked steps up with their own passkey', async () => {
  const person = await enrol(issuer, 'jef@example.test');
  const browser = fresh();
  await signIn(browser, person.passkey);
  const link = await leaveBy(browser, '/account/credentials/link', 'town');
  await comeBack(browser, town.authorize(link, { sub: 'jef' }));
  const elsewhere = fresh();
  const { page } = await beginAt(elsewhere, application, { acr_values: 'phr' });
  const address = await leaveBy(elsewhere, `${page}/provider`, 'town');
  assert.equal(address.searchParams.get('acr_values'), null);
  const weak = await comeBack(elsewhere, town.authorize(address, { sub: 'jef', acr: 'phr' }));
  assert.deepEqual([weak.status, /provider_too_weak/.test(weak.text)], [403, true]);
  assert.match((await elsewhere.get(page)).text, /data-kind="sign-in"/, 'the same request goes on');
  const at = await goOn(elsewhere, `${issuer.origin}${page}`, person);
  assert.match(at, /code=/);

  // Whoever has nothing stronger goes on where it is a wish, and does not where it must be.
  const wish = fresh();
  const wished = await beginAt(wish, application, { acr_values: 'phr' });
  const there = await leaveBy(wish, `${wished.page}/provider`, 'bank');
  assert.equal((await comeBack(wish, bank.authorize(there, { sub: 'kim' }))).status, 303);
  const must = fresh();
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'phr' } } });
  const essential = await beginAt(must, application, { claims });
  const again = await leaveBy(must, `${essential.page}/provider`, 'bank');
  const refused = await comeBack(must, bank.authorize(again, { sub: 'kim' }));
  assert.match(refused.text, /provider_too_weak/);
});

test('max_age=0 is met by whoever has just signed in there, although the answer is a moment younger', async () => {
  const browser = fresh();
  const { page } = await beginAt(browser, application, { max_age: '0' });
  const address = await leaveBy(browser, `${page}/provider`, 'bank');
  assert.equal(address.searchParams.get('max_age'), '0');
  const auth_time = Math.floor(Date.now() / 1000) - 3;
  const came = await comeBack(browser, bank.authorize(address, { sub: 'leo', auth_time }));
  assert.match(await consent(browser, came), /code=/);
});

test('an address that the provider does not say is verified is kept by nobody, and keeps nobody out', async () => {
  for (const [number, email_verified] of [undefined, false, 'true', 1, true].entries()) {
    const browser = fresh();
    const email = `mia-${number}@example.test`;
    const came = await toAccount(browser, bank, {
      sub: `mia-${number}`,
      name: email,
      email,
      email_verified,
    });
    assert.equal(came.status, 303, String(email_verified));
    const line = (await issuer.run('accounts', 'list'))
      .split('\n')
      .find((one) => one.includes(email));
    const shown = JSON.parse(
      await issuer.run('accounts', 'show', (line ?? '').split(' ')[0] ?? ''),
    );
    assert.equal(shown.email, email_verified === true ? email : null);
  }
});

test('two sign-ins at one provider open one account, and each link is of whom it was begun for', async () => {
  const noor = await enrol(issuer, 'noor@example.test');
  const browser = fresh();
  await signIn(browser, noor.passkey);
  for (const sub of ['noor-home', 'noor-work']) {
    const address = await leaveBy(browser, '/account/credentials/link', 'town');
    assert.equal((await comeBack(browser, town.authorize(address, { sub }))).status, 303);
  }
  // Begun by one, and another signs in to the same browser meanwhile.
  const begun = await leaveBy(browser, '/account/credentials/link', 'town');
  const olga = await enrol(issuer, 'olga@example.test');
  await signIn(browser, olga.passkey);
  const came = await comeBack(browser, town.authorize(begun, { sub: 'noor-third' }));
  assert.equal(came.status, 400);
  for (const [sub, status] of [
    ['noor-home', 303],
    ['noor-work', 303],
    ['noor-third', 403],
  ] as const) {
    assert.equal((await toAccount(fresh(), town, { sub })).status, status, sub);
  }
});

test('of many who sign in for the first time at once, one account comes', async () => {
  const count = async () => (await issuer.run('accounts', 'list')).split('\n').length;
  const before = await count();
  const browsers = Array.from({ length: 10 }, fresh);
  const answers = await Promise.all(
    browsers.map((browser) => toAccount(browser, bank, { sub: 'piet', name: 'Piet' })),
  );
  assert.ok(answers.every(({ status }) => status === 303));
  assert.equal(await count(), before + 1);
});

test('whoever signed out everywhere comes in again, also by a sign-in there that is older', async () => {
  const browser = fresh();
  const auth_time = Math.floor(Date.now() / 1000) - 4_000;
  await toAccount(browser, bank, { sub: 'quinten', auth_time });
  assert.equal((await browser.get('/account')).status, 200);
  await browser.postForm('/account/sessions/end-all', {});
  assert.equal((await browser.get('/account')).status, 303);
  const again = fresh();
  await toAccount(again, bank, { sub: 'quinten', auth_time });
  assert.equal((await again.get('/account')).status, 200);
  // What needs a fresh sign-in asks the provider for one.
  assert.equal((await again.get('/account/passkey')).location, '/account/sign-in?to=passkey');
  const address = await leaveBy(again, '/account/sign-in/provider?to=passkey', 'bank');
  assert.equal(address.searchParams.get('prompt'), 'login');
  const came = await comeBack(again, bank.authorize(address, { sub: 'quinten' }));
  assert.equal(came.location, '/account/passkey');
  assert.equal((await again.get('/account/passkey')).status, 200);
});

test('an account is made for whoever has one of the values in each of the claims, and for nobody else', async () => {
  const right = { team: ['others', 'scribes'], unit: '7' };
  for (const [number, claims] of [
    {},
    { team: 'scribes' },
    { unit: '7' },
    { ...right, unit: 7 },
    { ...right, unit: '77' },
    { ...right, team: ['Scribes'] },
    { ...right, team: { scribes: true } },
    { ...right, team: 'masters scribes' },
  ].entries()) {
    const came = await toAccount(fresh(), guild, { sub: `no-${number}`, ...claims });
    assert.equal(came.status, 403, JSON.stringify(claims));
    assert.match(came.text, NOBODY);
  }
  const browser = fresh();
  const names = { given_name: 'Roos ', family_name: 'De\u0000 Wit', mail: 'roos@example.test' };
  const claims = { ...right, ...names, email_verified: true, name: 'Another' };
  assert.equal((await toAccount(browser, guild, { sub: 'roos', ...claims })).status, 303);
  assert.match((await browser.get('/account')).text, /as Roos De Wit\./);
  // What is signed goes before what is not.
  guild.bent = {
    userInfo: (told) => ({ ...told, ...right }),
    claims: (told) => ({ ...told, unit: '8' }),
  };
  assert.equal((await toAccount(fresh(), guild, { sub: 'sander' })).status, 403);
  guild.bent = {};
  // Who has an account keeps it when the rule would make none.
  assert.equal((await toAccount(fresh(), guild, { sub: 'roos' })).status, 303);
});

test('people are told by mail when a sign-in elsewhere is linked and unlinked', async () => {
  const more = ['--email', 'tine@example.test', '--language', 'fr'];
  const tine = await enrol(issuer, 'tine@example.test', ...more);
  const browser = fresh();
  await signIn(browser, tine.passkey);
  const address = await leaveBy(browser, '/account/credentials/link', 'town');
  await comeBack(browser, town.authorize(address, { sub: 'tine' }));
  const { text } = await browser.get('/account/credentials');
  const [, id = ''] =
    /value="([^"]+)"><button aria-label="[^"]*Sign-in at The town"/.exec(text) ?? [];
  await browser.postForm('/account/credentials/remove', { credential: id });
  await eventually('both are sent', () => {
    const texts = mail.received.filter(({ to }) => to.includes('tine@example.test'));
    const said = texts.map((one) => readMail(one).text).join();
    return /a été liée à votre compte/.test(said) && /a été dissociée de votre compte/.test(said);
  });
});
