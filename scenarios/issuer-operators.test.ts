import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { decodeJwt } from 'jose';
import { parse } from 'yaml';
import { adminOf } from './world/admin.fixture.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { Directory } from './world/directory.fixture.ts';
import {
  beginAt,
  comeBack,
  consent,
  entryFor,
  leaveBy,
  startFederated,
} from './world/federation.fixture.ts';
import { startForeignProvider } from './world/foreign-provider.fixture.ts';
import { makeApplication, redeem } from './world/own-issuer.fixture.ts';
import { enrolById, signIn } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** Who runs this server signs in like everybody; what they may do is said by a claim of their provider, or by a group. */

const token = randomBytes(32).toString('base64');
const login = await startForeignProvider({ after }, 'poorter-at-work');
const plain = await startForeignProvider({ after }, 'poorter-at-club');
const roles = {
  claim: 'roles',
  values: { Audit: ['poorter:auditor'], Run: ['poorter:operator', 'keeper'], Keep: ['keeper'] },
};
const issuer = await startFederated(
  { after },
  [
    entryFor(login, 'work', { signUp: 'everybody', roles }),
    entryFor(plain, 'club', { signUp: 'everybody' }),
  ],
  {
    files: { 'hr.token': token },
    issuer: {
      directories: [
        {
          ...{ name: 'hr', tokens: ['file:./hr.token'] },
          roles: { Auditors: ['poorter:auditor'] },
        },
      ],
    },
  },
);
const application = await makeApplication(issuer, 'https://budget.test/callback');
const directory = new Directory(issuer.origin, token);

beforeEach(() => {
  login.bent = {};
});

/** At their account, by the provider. */
async function comeIn(claims: Record<string, unknown>, provider = login, id = 'work') {
  const browser = new SoftBrowser(issuer.origin);
  const address = await leaveBy(browser, '/account/sign-in/provider?to=operator', id);
  const came = await comeBack(browser, provider.authorize(address, claims));
  assert.equal(came.location, '/account/operator');
  return browser;
}

/** Puts other roles of the first provider in force. */
async function reload(next: object): Promise<void> {
  const file = join(issuer.poorter.folder, 'poorter.yaml');
  const written = parse(readFileSync(file, 'utf8'));
  written.issuer.federation[0].roles = next;
  const before = issuer.poorter.notices('version_in_force').length;
  issuer.poorter.write('poorter.yaml', written);
  await eventually(
    'it is in force',
    () => issuer.poorter.notices('version_in_force').length > before,
  );
}

const credentialIn = (text: string) => /<p><code>(\w{32,})<\/code><\/p>/.exec(text)?.[1] ?? null;

async function makeCredential(browser: SoftBrowser): Promise<string> {
  const made = await browser.postForm('/account/operator', {});
  assert.equal(made.status, 200, made.text);
  const credential = credentialIn(made.text);
  assert.ok(credential !== null, made.text);
  assert.notEqual(await may(credential, '/v1/status'), 401, 'it is good when it is shown');
  return credential;
}

const may = async (credential: string, path: string) =>
  (await adminOf(issuer.poorter, credential)('GET', path)).status;
/** Not a moment later than whoever took it away was answered. */
const ends = async (credential: string) =>
  assert.equal(await may(credential, '/v1/status'), 401, 'it has ended');

test('whoever has a role of operators by a claim makes a credential for the day, and may do just that', async () => {
  const browser = await comeIn({ sub: 'ada', name: 'Ada', roles: ['Audit', 'Other'] });
  assert.match((await browser.get('/account')).text, /href="\/account\/operator"/);
  const shown = await browser.get('/account/operator');
  assert.match(shown.text, /<li><code>auditor<\/code><\/li>/);
  assert.doesNotMatch(shown.text, /<code>(?:owner|operator)<\/code>/);
  const credential = await makeCredential(browser);
  assert.equal(await may(credential, '/v1/log/records'), 200);
  const admin = adminOf(issuer.poorter, credential);
  assert.equal((await admin('POST', '/v1/keys', { name: 'x', scopes: [] })).status, 403);
  assert.equal((await admin('POST', '/v1/operators', { name: 'x', roles: ['owner'] })).status, 403);
  const list = (await adminOf(issuer.poorter)('GET', '/v1/operators')).body.items;
  const [own] = list.filter(({ account }: { account: string | null }) => account !== null);
  assert.match(own.account, /^account_/);
  assert.deepEqual([own.name, own.roles], [own.account, ['auditor']]);
  const life = Date.parse(own.expires) - Date.parse(own.created);
  assert.ok(life <= 8 * 3_600_000 && life > 7.9 * 3_600_000, `${life}`);
  assert.equal(credentialIn((await browser.get('/account/operator')).text), null, 'once');

  const next = await makeCredential(browser);
  await ends(credential);
  assert.equal(await may(next, '/v1/status'), 200);
});

test('whoever has none makes none, whatever another provider, another claim or an unsigned word says', async () => {
  login.bent = { userInfo: (claims) => ({ ...claims, roles: ['Run'] }) };
  const people: [Record<string, unknown>, typeof login, string][] = [
    [{ sub: 'b1' }, login, 'work'],
    [{ sub: 'b2', groups: ['Run'] }, login, 'work'],
    [{ sub: 'b3', roles: ['run', 'poorter:owner', 'Run '] }, login, 'work'],
    [{ sub: 'b4', roles: { Run: true } }, login, 'work'],
    [{ sub: 'b5', roles: ['Keep'] }, login, 'work'],
    [{ sub: 'b6', roles: ['Run'] }, plain, 'club'],
  ];
  for (const [claims, provider, id] of people) {
    const browser = await comeIn(claims, provider, id);
    assert.doesNotMatch((await browser.get('/account')).text, /account\/operator/);
    assert.doesNotMatch((await browser.get('/account/operator')).text, /<form[^>]*operator/);
    const made = await browser.postForm('/account/operator', {});
    assert.deepEqual([made.status, credentialIn(made.text)], [403, null], JSON.stringify(claims));
  }
});

test('a page elsewhere makes nobody’s browser make a credential', async () => {
  const browser = await comeIn({ sub: 'carl', roles: 'Run' });
  const forged = await browser.postForm('/account/operator', {}, 'https://evil.example');
  assert.equal(forged.status, 403);
  assert.equal(credentialIn(forged.text), null);
  assert.ok((await makeCredential(browser)).length > 30);
});

test('a role that a provider no longer says is gone with the next sign-in, from credentials and from tokens', async () => {
  const claims = { sub: 'dora', roles: ['Run'] };
  const browser = await comeIn(claims);
  const credential = await makeCredential(browser);
  const elsewhere = new SoftBrowser(issuer.origin);
  const begun = await beginAt(elsewhere, application);
  const address = await leaveBy(elsewhere, `${begun.page}/provider`, 'work');
  const came = await comeBack(elsewhere, login.authorize(address, claims));
  const tokens = await redeem(application, begun.asked, await consent(elsewhere, came));
  assert.deepEqual(
    decodeJwt(tokens.access_token)['roles'],
    ['keeper'],
    'those that the API asks for',
  );
  const settings = async () => {
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    return (await call(`${issuer.poorter.url}/settings`, { headers })).status;
  };
  assert.equal(await settings(), 200);
  const later = await comeIn({ ...claims, roles: ['Audit'] });
  assert.equal(await settings(), 401, 'when they are let in');
  await ends(credential);
  assert.match((await later.get('/account/operator')).text, /<code>auditor<\/code>/);
});

test('a credential ends with the group that it came from, and with its holder', async () => {
  const made = await directory.post('/Users', { userName: 'fien@bank.example' });
  const id = String(made.body['id']);
  const browser = new SoftBrowser(issuer.origin);
  const passkey = await enrolById(issuer, id, browser);
  await signIn(browser, passkey, 'operator');
  assert.equal((await browser.postForm('/account/operator', {})).status, 403);

  const group = await directory.post('/Groups', {
    displayName: 'Auditors',
    members: [{ value: id }],
  });
  const path = `/Groups/${group.body['id']}`;
  const first = await makeCredential(browser);
  await directory.patch(path, { op: 'remove', path: 'members' });
  await ends(first);
  await directory.patch(path, { op: 'add', path: 'members', value: [{ value: id }] });
  const second = await makeCredential(browser);
  await issuer.run('accounts', 'sign-out', id);
  await ends(second);
  await signIn(browser, passkey, 'operator');
  const third = await makeCredential(browser);
  const off = { op: 'replace', path: 'active', value: false };
  assert.equal((await directory.patch(`/Users/${id}`, off)).status, 200);
  await ends(third);
});

test('who unlinks the provider that said it has nothing of it any more', async () => {
  const browser = await comeIn({ sub: 'gus', roles: ['Audit'] });
  const credential = await makeCredential(browser);
  const all: { account: string | null; revoked: string | null }[] = (
    await adminOf(issuer.poorter)('GET', '/v1/operators')
  ).body.items;
  const id = String(all.filter(({ account }) => account !== null).at(-1)?.account);
  const { credentials } = JSON.parse(await issuer.run('accounts', 'show', id, '--json'));
  await issuer.run('accounts', 'remove-credential', id, credentials[0].id);
  await ends(credential);
});

test('a role that the configuration no longer gives ends what it gave, and does not bring it back', async () => {
  const browser = await comeIn({ sub: 'hans', roles: ['Run'] });
  const credential = await makeCredential(browser);
  assert.equal(await may(credential, '/v1/keys'), 200);
  const { Run: _, ...fewer } = roles.values;
  await reload({ ...roles, values: fewer });
  await eventually('it has ended', async () => (await may(credential, '/v1/status')) === 401);
  await reload(roles);
  // Known by now: whoever is given the role anew has a credential that is good.
  await makeCredential(await comeIn({ sub: 'ida', roles: ['Run'] }));
  assert.equal(await may(credential, '/v1/status'), 401, 'it does not come back');
});
