import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { Directory, entraUser, type ScimAnswer } from './world/directory.fixture.ts';
import {
  beginAt,
  comeBack,
  consent,
  entryFor,
  leaveBy,
  startFederated,
} from './world/federation.fixture.ts';
import { startForeignProvider } from './world/foreign-provider.fixture.ts';
import { askFor, makeApplication, redeem } from './world/own-issuer.fixture.ts';
import { enrol, enrolById, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

/** Two directories say who may sign in: one as Entra does, whose people come in by its provider; one as Okta does. */

const CALLBACK = 'https://budget.test/callback';
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const draw = () => randomBytes(32).toString('base64');
const [entraToken, newEntraToken, oktaToken] = [draw(), draw(), draw()];
const login = await startForeignProvider({ after }, 'poorter-at-entra');
const issuer = await startFederated(
  { after },
  [entryFor(login, 'entra', { directory: { name: 'entra', claim: 'oid' } })],
  {
    files: {
      'entra.token': `${entraToken}\n`,
      'new.token': newEntraToken,
      'okta.token': oktaToken,
    },
    issuer: {
      directories: [
        {
          ...{ name: 'entra', tokens: ['file:./entra.token', 'file:./new.token'] },
          roles: { Keepers: ['keeper', 'of nothing that is asked'] },
        },
        { name: 'okta', tokens: ['file:./okta.token'] },
      ],
    },
  },
);
const entra = new Directory(issuer.origin, entraToken);
const okta = new Directory(issuer.origin, oktaToken);
const application = await makeApplication(
  ...([issuer, CALLBACK, '--scopes', 'accounts.read,offline_access'] as const),
);
const LASTING = { scope: 'openid accounts.read offline_access', prompt: 'consent' };

const idOf = ({ status, body }: ScimAnswer): string => {
  assert.equal(status, 201, JSON.stringify(body));
  return String(body['id']);
};
const found = async (directory: Directory, filter: string, of = 'Users') => {
  const { status, body } = await directory.get(`/${of}?filter=${encodeURIComponent(filter)}`);
  assert.equal(status, 200, JSON.stringify(body));
  return (body['Resources'] as { id: string }[]).map(({ id }) => id);
};
const asks = async (path: string, token: string) =>
  (await call(`${issuer.poorter.url}${path}`, { headers: { authorization: `Bearer ${token}` } }))
    .status;

/** Signs in by the provider of the directory, and goes on to the application. */
async function comeIn(browser: SoftBrowser, oid: string) {
  const { asked, page } = await beginAt(browser, application, LASTING);
  const address = await leaveBy(browser, `${page}/provider`, 'entra');
  const came = await comeBack(browser, login.authorize(address, { sub: `sub of ${oid}`, oid }));
  if (came.status !== 303) return came;
  const tokens = await redeem(application, asked, await consent(browser, came));
  assert.ok(tokens.refresh_token !== undefined);
  return tokens;
}

test('somebody whom a directory makes is looked up, made, read and changed as Entra does it', async () => {
  assert.deepEqual(await found(entra, 'userName eq "an@bank.example"'), []);
  const made = await entra.post('/Users', entraUser('an', 'oid-an'));
  const id = idOf(made);
  assert.equal(made.headers['location'], `${issuer.origin}/scim/v2/Users/${id}`);
  assert.match(String(made.headers['content-type']), /^application\/scim\+json/);
  assert.equal(made.headers['etag'], (made.body['meta'] as { version: string }).version);
  assert.deepEqual(
    { ...made.body, meta: null },
    {
      ...{ schemas: [USER], id, externalId: 'oid-an', userName: 'an@bank.example' },
      ...{ displayName: 'an', active: true, meta: null },
      name: { formatted: 'an Maes', familyName: 'Maes', givenName: 'an' },
      emails: [{ primary: true, type: 'work', value: 'an@bank.example' }],
    },
  );
  assert.deepEqual((await entra.get(`/Users/${id}`)).body, made.body);
  for (const filter of [
    ...['userName eq "AN@bank.example"', 'externalId eq "oid-an"', `id eq "${id}"`],
    ...[
      `${USER}:userName eq "an@bank.example" and active eq true`,
      'emails.value eq "an@bank.example"',
    ],
  ]) {
    assert.deepEqual(await found(entra, filter), [id], filter);
  }
  assert.deepEqual(await found(entra, 'externalId eq "OID-an"'), [], 'to the letter');
  const changed = await entra.patch(
    `/Users/${id}`,
    { op: 'Replace', path: 'displayName', value: 'An Peeters' },
    { op: 'Add', path: 'emails[type eq "work"].value', value: 'an.p@bank.example' },
    {
      op: 'Replace',
      path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
      value: 'x',
    },
  );
  assert.equal(changed.status, 200);
  assert.equal(changed.body['displayName'], 'An Peeters');
  const shown = JSON.parse(await issuer.run('accounts', 'show', id, '--json'));
  assert.partialDeepStrictEqual(shown, {
    ...{ name: 'An Peeters', email: 'an.p@bank.example', state: 'active' },
    createdBy: 'directory:entra',
  });
});

test('a stranger, and another directory, find nothing, change nothing, and are recorded', async () => {
  const id = idOf(await okta.post('/Users', { userName: 'bea@okta.example', name: {} }));
  const own = await issuer.run(
    'accounts',
    'create',
    '--login',
    'own@bank.example',
    '--name',
    'Own',
  );
  for (const token of [null, 'x'.repeat(44), '', entraToken.slice(1), issuer.origin]) {
    const stranger = new Directory(issuer.origin, token);
    for (const [method, path] of [
      ...[
        ['GET', '/Users'],
        ['GET', '/ServiceProviderConfig'],
        ['GET', `/Users/${id}`],
      ],
      ...[['DELETE', `/Users/${id}`]],
    ] as const) {
      const { status, headers, body } = await stranger.ask(method, path, undefined);
      assert.equal(status, 401, `${method} ${path}`);
      assert.match(String(headers['www-authenticate']), /^Bearer /);
      assert.equal(body['status'], '401');
    }
  }
  for (const target of [id, own]) {
    assert.equal((await entra.get(`/Users/${target}`)).status, 404);
    assert.equal((await entra.put(`/Users/${target}`, entraUser('x', 'y'))).status, 404);
    const off = { op: 'replace', path: 'active', value: false };
    assert.equal((await entra.patch(`/Users/${target}`, off)).status, 404);
    assert.equal((await entra.delete(`/Users/${target}`)).status, 404);
    assert.deepEqual(await found(entra, `id eq "${target}"`), []);
  }
  assert.deepEqual(await found(entra, 'userName eq "bea@okta.example"'), []);
  // A login is one person’s, wherever it comes from.
  const taken = await entra.post('/Users', {
    ...entraUser('x', 'oid-x'),
    userName: 'own@bank.example',
  });
  assert.deepEqual([taken.status, taken.body['scimType']], [409, 'uniqueness']);
  const member = { displayName: 'Mixed', members: [{ value: id }] };
  assert.equal((await entra.post('/Groups', member)).body['scimType'], 'invalidValue');
  const search = () =>
    issuer.run('log', 'search', '--operation', 'scimRemoveUser', '--names', '--json');
  await eventually('who asked stands in the record', async () => {
    const text = await search();
    return text.includes('directory:entra') && text.includes('invalid_token');
  });
  const log = await issuer.run('log', 'search', '--names', '--json');
  for (const secret of [entraToken, oktaToken]) assert.ok(!log.includes(secret));
});

test('both tokens of a directory are good while one takes the place of the other', async () => {
  const later = new Directory(issuer.origin, newEntraToken);
  const id = idOf(await later.post('/Users', entraUser('cas', 'oid-cas')));
  assert.equal((await entra.get(`/Users/${id}`)).status, 200);
});

test('whom a directory has made comes in by its provider, may do what its groups say, and not a moment longer', async () => {
  const id = idOf(await entra.post('/Users', entraUser('dora', 'oid-dora')));
  const browser = new SoftBrowser(issuer.origin);
  const before = await comeIn(browser, 'oid-dora');
  assert.ok('access_token' in before, JSON.stringify(before));
  assert.equal(decodeJwt(before.access_token)['roles'], undefined);
  assert.equal(await asks('/settings', before.access_token), 403);

  const group = idOf(
    await entra.post('/Groups', { displayName: 'keepers', externalId: 'g1', members: [] }),
  );
  const add = { op: 'Add', path: 'members', value: [{ value: id }] };
  assert.equal((await entra.patch(`/Groups/${group}`, add)).status, 200);
  const shown = await entra.get(`/Users/${id}`);
  assert.partialDeepStrictEqual(shown.body['groups'], [{ value: group, display: 'keepers' }]);
  const { configuration } = application;
  const refresh = async () =>
    (await oidc.refreshTokenGrant(configuration, String(before.refresh_token))).access_token;
  const keeper = await refresh();
  assert.deepEqual(decodeJwt(keeper)['roles'], ['keeper'], 'those that the API asks for');
  assert.equal(await asks('/settings', keeper), 200);

  const leave = { op: 'Remove', path: 'members', value: [{ value: id }] };
  assert.equal((await entra.patch(`/Groups/${group}`, leave)).status, 200);
  assert.equal(await asks('/settings', keeper), 401, 'it said more than is so');
  await eventually('what is given afterwards is good', async () => {
    const after = await refresh();
    assert.equal(decodeJwt(after)['roles'], undefined);
    return (await asks('/accounts', after)) === 200;
  });
});

test('whoever is deactivated is out at once and everywhere, and comes in again when they are back', async () => {
  const id = idOf(await entra.post('/Users', entraUser('eva', 'oid-eva')));
  const browser = new SoftBrowser(issuer.origin);
  const tokens = await comeIn(browser, 'oid-eva');
  assert.ok('access_token' in tokens, JSON.stringify(tokens));
  assert.equal(await asks('/accounts', tokens.access_token), 200);
  const off = { op: 'Replace', path: 'active', value: 'False' };
  const answered = await entra.patch(`/Users/${id}`, off);
  assert.deepEqual([answered.status, answered.body['active']], [200, false]);
  assert.equal(await asks('/accounts', tokens.access_token), 401, 'when it is answered');
  await assert.rejects(
    oidc.refreshTokenGrant(application.configuration, String(tokens.refresh_token)),
    { error: 'invalid_grant' },
  );
  assert.equal((await browser.get('/account')).status, 303, 'nobody is signed in');
  const refused = await comeIn(new SoftBrowser(issuer.origin), 'oid-eva');
  assert.equal('status' in refused && refused.status, 403, 'and nobody comes in');
  const state = async () => JSON.parse(await issuer.run('accounts', 'show', id, '--json')).state;
  assert.equal(await state(), 'suspended');
  await assert.rejects(issuer.run('accounts', 'link', id), /disabled/);

  // Who replaces it whole and does not say so does not let anybody in.
  const { active: _, ...silent } = entraUser('eva', 'oid-eva');
  assert.equal((await entra.put(`/Users/${id}`, silent)).body['active'], false);
  const on = { op: 'replace', value: { active: true } };
  assert.equal((await entra.patch(`/Users/${id}`, on)).body['active'], true);
  assert.equal(await state(), 'active');
  const again = await comeIn(new SoftBrowser(issuer.origin), 'oid-eva');
  assert.ok('access_token' in again);
  await assert.rejects(
    oidc.refreshTokenGrant(application.configuration, String(tokens.refresh_token)),
    { error: 'invalid_grant' },
    'what ended stays ended',
  );
});

test('whoever is replaced as inactive, under another name at the same time, is out as well', async () => {
  const id = idOf(await entra.post('/Users', entraUser('lore', 'oid-lore')));
  const browser = new SoftBrowser(issuer.origin);
  const tokens = await comeIn(browser, 'oid-lore');
  assert.ok('access_token' in tokens);
  const gone = { ...entraUser('left-lore', 'oid-other'), active: false };
  assert.equal((await entra.put(`/Users/${id}`, gone)).status, 200);
  assert.equal(await asks('/accounts', tokens.access_token), 401);
  assert.equal((await browser.get('/account')).status, 303);
});

test('a provider lets into the account of a directory whom its claim names, and by nothing else', async () => {
  idOf(await entra.post('/Users', entraUser('fien', 'oid-fien')));
  idOf(await okta.post('/Users', { userName: 'gus@okta.example', externalId: 'oid-gus' }));
  for (const claims of [
    { sub: 'fien@bank.example', email: 'fien@bank.example', email_verified: true },
    { sub: 'oid-fien', preferred_username: 'fien@bank.example' },
    { sub: 's1', oid: 'OID-fien' },
    { sub: 's2', oid: ['oid-fien'] },
    { sub: 's3', oid: '' },
    { sub: 's4', oid: 'oid-gus' },
  ]) {
    const browser = new SoftBrowser(issuer.origin);
    const address = await leaveBy(browser, '/account/sign-in/provider?to=account', 'entra');
    const came = await comeBack(browser, login.authorize(address, claims));
    assert.equal(came.status, 403, JSON.stringify(claims));
  }
});

test('somebody with a passkey of their own who comes from a directory is out with it as well', async () => {
  const id = idOf(await okta.post('/Users', { userName: 'hugo@okta.example' }));
  const passkey = await enrolById(issuer, id);
  const browser = new SoftBrowser(issuer.origin);
  const asked = await askFor(application);
  const tokens = await redeem(application, asked, await goThrough(browser, asked.url, { passkey }));
  assert.equal(await asks('/accounts', tokens.access_token), 200);
  assert.equal((await okta.delete(`/Users/${id}`)).status, 204);
  assert.equal(await asks('/accounts', tokens.access_token), 401);
  assert.equal((await okta.get(`/Users/${id}`)).status, 404);
  assert.equal((await okta.delete(`/Users/${id}`)).status, 404);
  const begun = await browser.postJson('/account/sign-in/begin', {});
  const credential = passkey.get(JSON.parse(begun.text));
  const refused = await browser.postJson('/account/sign-in/finish?to=account', { credential });
  assert.equal(refused.status, 401);
  assert.doesNotMatch(await issuer.run('accounts', 'list', '--json'), /hugo/);
  const again = idOf(await okta.post('/Users', { userName: 'hugo@okta.example' }));
  assert.notEqual(again, id, 'somebody else, of whom nothing is known');
});

test('whoever had an account before is let into that of the directory, and is out with it', async () => {
  const before = new SoftBrowser(issuer.origin);
  const claims = { sub: 'sub of oid-mia', oid: 'oid-mia' };
  const other = idOf(await entra.post('/Users', entraUser('not-mia', 'oid-mia')));
  const address = await leaveBy(before, '/account/sign-in/provider?to=account', 'entra');
  assert.equal((await comeBack(before, login.authorize(address, claims))).status, 303);
  // The directory called somebody else so by mistake, and mends it.
  const mend = { op: 'replace', path: 'externalId', value: 'oid-mended' };
  assert.equal((await entra.patch(`/Users/${other}`, mend)).status, 200);
  const again = new SoftBrowser(issuer.origin);
  const leaving = await leaveBy(again, '/account/sign-in/provider?to=account', 'entra');
  const refused = await comeBack(again, login.authorize(leaving, claims));
  assert.equal(refused.status, 403, 'the claim names nobody, and not that one');
  const own = idOf(await entra.post('/Users', entraUser('mia', 'oid-mia')));
  const tokens = await comeIn(new SoftBrowser(issuer.origin), 'oid-mia');
  assert.ok('access_token' in tokens, 'and lets them into their own');
  assert.equal((await before.get('/account')).status, 303, 'whoever came in there by it is out');
  const { credentials } = JSON.parse(await issuer.run('accounts', 'show', own, '--json'));
  assert.deepEqual(
    credentials.map(({ kind }: { kind: string }) => kind),
    ['identity'],
  );
  const off = { op: 'replace', path: 'active', value: false };
  assert.equal((await entra.patch(`/Users/${own}`, off)).status, 200);
  assert.equal(await asks('/accounts', tokens.access_token), 401);
  const out = await comeIn(new SoftBrowser(issuer.origin), 'oid-mia');
  assert.equal('status' in out && out.status, 403);
});

test('whom an operator disabled no directory brings back, by no removing and no making anew', async () => {
  const id = idOf(await entra.post('/Users', entraUser('nils', 'oid-nils')));
  await issuer.run('accounts', 'disable', id);
  assert.equal((await entra.delete(`/Users/${id}`)).status, 204);
  assert.equal((await entra.get(`/Users/${id}`)).status, 404);
  const again = await entra.post('/Users', entraUser('nils', 'oid-nils'));
  assert.deepEqual([again.status, again.body['scimType']], [409, 'uniqueness']);
});

test('names that look the same are not two people, and what stands twice is neither', async () => {
  idOf(await okta.post('/Users', { userName: 'otto@okta.example' }));
  for (const name of [
    'ot\u200bto@okta.example',
    'otto@okta.example\u202e',
    '\ufeffotto@okta.example',
  ]) {
    const answered = await okta.post('/Users', { userName: name });
    assert.equal(answered.status, 400, JSON.stringify(name));
  }
  const twice = await okta.post('/Users', {
    userName: 'pia@okta.example',
    Active: true,
    active: false,
  });
  assert.deepEqual([twice.status, twice.body['scimType']], [400, 'invalidSyntax']);
});

test('lists come in pages, and with as much of each as is asked for', async () => {
  const made: string[] = [];
  for (const number of [1, 2, 3, 4, 5]) {
    made.push(idOf(await okta.post('/Users', { userName: `many-${number}@okta.example` })));
  }
  const query = (more: string) => okta.get(`/Users?filter=userName%20sw%20%22many-%22${more}`);
  const all = await query('');
  assert.partialDeepStrictEqual(all.body, { totalResults: 5, startIndex: 1, itemsPerPage: 5 });
  const page = await query('&startIndex=4&count=9');
  assert.deepEqual(
    (page.body['Resources'] as { id: string }[]).map(({ id }) => id),
    made.slice(3),
  );
  assert.partialDeepStrictEqual(page.body, { totalResults: 5, startIndex: 4, itemsPerPage: 2 });
  assert.partialDeepStrictEqual((await query('&startIndex=0&count=-1')).body, {
    ...{ totalResults: 5, startIndex: 1, itemsPerPage: 0 },
  });
  assert.partialDeepStrictEqual((await query('&startIndex=101&count=100')).body, {
    ...{ totalResults: 5, itemsPerPage: 0, Resources: [] },
  });
  const named = await query('&attributes=userName,meta.version&count=1');
  assert.deepEqual(Object.keys((named.body['Resources'] as object[])[0] ?? {}).toSorted(), [
    ...['id', 'meta', 'schemas', 'userName'],
  ]);
  const without = await okta.get(`/Users/${made[0]}?excludedAttributes=userName,meta`);
  assert.deepEqual(Object.keys(without.body).toSorted(), ['active', 'id', 'schemas']);
  const searched = await okta.post('/Users/.search', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
    ...{ filter: 'userName sw "many-"', startIndex: 2, count: 1, attributes: ['userName'] },
  });
  assert.partialDeepStrictEqual(searched.body, { totalResults: 5, itemsPerPage: 1 });
  const group = idOf(
    await okta.post('/Groups', { displayName: 'Many', members: made.map((value) => ({ value })) }),
  );
  const twice = { displayName: 'Many', members: [...made, ...made].map((value) => ({ value })) };
  const replaced = await okta.put(`/Groups/${group}`, twice);
  assert.deepEqual([replaced.status, (replaced.body['members'] as object[]).length], [200, 5]);
  const bare = await okta.get(`/Groups/${group}?excludedAttributes=members`);
  assert.equal(bare.body['members'], undefined);
  assert.deepEqual(await found(okta, `displayName eq "many"`, 'Groups'), [group]);
  assert.deepEqual(await found(okta, `id eq "${group}" and members eq "${made[2]}"`, 'Groups'), [
    group,
  ]);
  assert.deepEqual(await found(okta, `members[value eq "${made[2]}"]`, 'Groups'), [group]);
});

test('what cannot be done is told as RFC 7644 says it, names what was expected, and changes nothing', async () => {
  const id = idOf(await okta.post('/Users', { userName: 'ines@okta.example' }));
  const path = `/Users/${id}`;
  const { headers, body } = await okta.get(path);
  for (const [answered, status, type, said] of [
    [okta.post('/Users', {}), 400, 'invalidValue', /userName/],
    [okta.post('/Users', { userName: 'x\u0000' }), 400, 'invalidValue', /userName/],
    [
      okta.post('/Users', { userName: 'x', emails: [{ value: 'nobody' }] }),
      400,
      'invalidValue',
      /emails/,
    ],
    [okta.post('/Users', { userName: 'x', schemas: ['urn:x'] }), 400, 'invalidSyntax', /schemas/],
    [okta.post('/Users', { userName: 'x', active: 'perhaps' }), 400, 'invalidValue', /active/],
    [okta.get('/Users?filter=userName'), 400, 'invalidFilter', /eq/],
    [okta.get('/Users?filter=shoeSize%20eq%20%2244%22'), 400, 'invalidFilter', /attribute/],
    [okta.get('/Users?count=many'), 400, 'invalidValue', /count/],
    [okta.patch(path, { op: 'replace', path: 'id', value: 'x' }), 400, 'mutability', /id/],
    [okta.patch(path, { op: 'replace', path: '[', value: 'x' }), 400, 'invalidPath', /path/],
    [okta.put(path, { userName: 'j' }, { 'if-match': 'W/"999"' }), 412, undefined, /changed/],
    [okta.delete(path, { 'if-match': 'what' }), 412, undefined, /entity tag/],
    [okta.get('/Users/nobody'), 404, undefined, /none/],
    [okta.get('/Me'), 501, undefined, /Me/],
    [okta.post('/Bulk', {}), 501, undefined, /one/],
  ] as const) {
    const { status: is, body: told } = await answered;
    assert.deepEqual([is, told['status'], told['scimType']], [status, String(status), type]);
    assert.match(String(told['detail']), said);
    assert.deepEqual(told['schemas'], ['urn:ietf:params:scim:api:messages:2.0:Error']);
  }
  assert.deepEqual((await okta.get(path)).body, body);
  assert.equal((await okta.get(path, { 'if-none-match': String(headers['etag']) })).status, 304);
  const kept = await okta.put(
    path,
    { userName: 'ines@okta.example', displayName: 'I.' },
    {
      'if-match': String(headers['etag']),
    },
  );
  assert.equal(kept.status, 200);
  for (const text of ['{"userName":', '[]', '"x"', '{"userName":"a","userName":"b"}']) {
    assert.equal((await okta.ask('POST', '/Users', text)).status, 400, text);
  }
});

test('what this server offers to directories is described, and everything described is so', async () => {
  const config = (await okta.get('/ServiceProviderConfig')).body;
  assert.partialDeepStrictEqual(config, {
    ...{ patch: { supported: true }, bulk: { supported: false }, sort: { supported: false } },
    ...{ etag: { supported: true }, changePassword: { supported: false } },
  });
  const types = (await okta.get('/ResourceTypes')).body['Resources'] as Record<string, string>[];
  assert.deepEqual(types.map(({ id }) => id).toSorted(), ['Group', 'User']);
  for (const { endpoint, schema, id } of types) {
    assert.equal((await okta.get(String(endpoint))).status, 200);
    assert.equal((await okta.get(`/ResourceTypes/${id}`)).body['schema'], schema);
    assert.equal((await okta.get(`/Schemas/${schema}`)).body['id'], schema);
  }
  assert.equal((await okta.get('/Schemas')).body['totalResults'], 2);
  assert.equal((await okta.get('/Schemas/urn:x')).status, 404);
});

test('of fifty who make somebody at once, one does, and fifty changes of one group lose none of them', async () => {
  const makes = Array.from({ length: 50 }, () =>
    okta.post('/Users', { userName: 'race@okta.example' }),
  );
  const statuses = (await Promise.all(makes)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 409).length, 49);
  const people: string[] = [];
  for (let number = 0; number < 50; number += 1) {
    people.push(idOf(await okta.post('/Users', { userName: `racer-${number}@okta.example` })));
  }
  const group = idOf(await okta.post('/Groups', { displayName: 'Racers' }));
  const adds = people.map((value) =>
    okta.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value }] }),
  );
  assert.ok((await Promise.all(adds)).every(({ status }) => status === 200));
  const members = (await okta.get(`/Groups/${group}`)).body['members'] as { value: string }[];
  assert.deepEqual(members.map(({ value }) => value).toSorted(), people.toSorted());
});

test('a name that a directory has let go of is free for somebody whom an operator makes', async () => {
  const gone = idOf(await entra.post('/Users', entraUser('kobe', 'oid-kobe')));
  assert.equal((await entra.delete(`/Users/${gone}`)).status, 204);
  const { id, login } = await enrol(issuer, entraUser('kobe', 'oid-kobe').userName);
  assert.equal(login, entraUser('kobe', 'oid-kobe').userName);
  assert.notEqual(id, gone);
  assert.equal((await entra.get(`/Users/${id}`)).status, 404, 'and no directory has it');
});

test('an operator sees which directory an account comes from, its groups and its roles, and whether a directory is heard of', async () => {
  const shown = async (id: string) =>
    JSON.parse(await issuer.run('accounts', 'show', id, '--json'));
  const wish = ['--login', 'made-here@bank.example', '--name', 'Own'];
  const own = await issuer.run('accounts', 'create', ...wish);
  const plain = await shown(own);
  assert.deepEqual(['directory' in plain, 'roles' in plain], [false, false]);
  const id = idOf(await entra.post('/Users', entraUser('veerle', 'oid-veerle')));
  const none = { name: 'entra', externalId: 'oid-veerle', groups: [] };
  assert.deepEqual((await shown(id)).directory, none);
  const members = [{ value: id }];
  for (const displayName of ['keepers', 'Readers']) {
    idOf(await entra.post('/Groups', { displayName, members }));
  }
  const { directory, roles } = await shown(id);
  assert.deepEqual(directory, { ...none, groups: ['Readers', 'keepers'] });
  assert.deepEqual(roles, ['keeper', 'of nothing that is asked']);
  const { accounts } = JSON.parse(await issuer.run('accounts', 'list', '--json'));
  assert.ok(accounts.every((account: object) => !('directory' in account)));

  const data = ['--data', `${issuer.poorter.folder}/data`];
  const { directories } = JSON.parse((await poorterHere(['status', '--json', ...data])).out);
  assert.deepEqual(
    directories.map(({ name }: { name: string }) => name),
    ['entra', 'okta'],
  );
  const [{ people, groups, lastHeard }] = directories;
  assert.ok(people > 0 && groups >= 2, JSON.stringify(directories));
  assert.ok(Math.abs(Date.now() - Date.parse(lastHeard)) < 3_600_000, lastHeard);
  const { out } = await poorterHere(['status', ...data]);
  assert.match(out, /^directory entra: \d+ people, \d+ groups, last heard of \d{4}-/m);
});
