import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { askFor, makeApplication, redeem, startIssuer } from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';
import { steppedClock } from './world/stepped-clock.fixture.ts';

const CALLBACK = 'https://budget.test/callback';
const folder = mkdtempSync(join(tmpdir(), 'poorter-registration-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const clock = steppedClock(folder, 0);
const upstream = await startRawUpstream({ after });
const configuration = { issuer: { registration: { unusedDays: 3 } } };
const issuer = await startIssuer({ after }, upstream.url, configuration, clock.env);
const person = await enrol(issuer, 'griet@example.test');
const accounts = `${issuer.poorter.url}/accounts`;

type Body = Readonly<Record<string, unknown>>;

const made = ['clients', 'invite', '--name', 'Budget Ltd', '--profile', 'browser', '--clients'];
const scopes = ['--scopes', 'accounts.read,accounts.write'];
const [invitation = '', token = ''] = (await issuer.run(...made, '100', ...scopes)).split('\n');

async function ask(method: string, path: string, shown: string, body?: Body) {
  const answer = await call(`${issuer.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${shown}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  return { ...answer, body: (isJson ? JSON.parse(answer.text) : {}) as Body };
}

const SITE = { client_name: 'Budget', redirect_uris: [CALLBACK], scope: 'accounts.read' };

async function register(metadata: Body = SITE) {
  const { status, body, text } = await ask('POST', '/reg', token, metadata);
  assert.equal(status, 201, text);
  const id = String(body['client_id']);
  const { registration_access_token: own, registration_client_uri: uri, ...rest } = body;
  const { client_id_issued_at: _, client_secret_expires_at: __, ...metadataOfIt } = rest;
  assert.equal(uri, `${issuer.origin}/reg/${id}`);
  return { id, path: `/reg/${id}`, token: String(own), metadata: metadataOfIt };
}

/** As an application that has just registered. */
async function applicationOf({ id, metadata }: { id: string; metadata: Body }) {
  const found = await oidc.discovery(
    new URL(issuer.origin),
    id,
    { ...metadata, client_secret: String(metadata['client_secret']) },
    oidc.ClientSecretBasic(String(metadata['client_secret'])),
    { execute: [oidc.allowInsecureRequests] },
  );
  return { callback: CALLBACK, configuration: found };
}

async function tokensFor(client: { id: string; metadata: Body }, scope = 'openid accounts.read') {
  const application = await applicationOf(client);
  const asked = await askFor(application, { scope, prompt: 'consent' });
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  return { application, tokens: await redeem(application, asked, back) };
}

const called = async (access: string) =>
  (await call(accounts, { headers: { authorization: `Bearer ${access}` } })).status;

test('a client changes itself whole, by a token that is another afterwards', async () => {
  const client = await register({
    ...SITE,
    post_logout_redirect_uris: ['https://budget.test/bye'],
  });
  const { post_logout_redirect_uris: _, ...less } = client.metadata;
  const changed = await ask('PUT', client.path, client.token, {
    ...less,
    client_name: 'Huishouden',
  });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.body['client_name'], 'Huishouden');
  // What is left away is gone, and is not kept from before.
  assert.deepEqual(changed.body['post_logout_redirect_uris'], []);
  assert.equal(changed.body['client_secret'], undefined, 'it has one, and knows it');
  const next = String(changed.body['registration_access_token']);
  assert.notEqual(next, client.token);
  const old = await ask('GET', client.path, client.token);
  assert.deepEqual([old.status, old.body['error']], [401, 'invalid_token']);
  const read = await ask('GET', client.path, next);
  assert.deepEqual([read.status, read.body['client_name']], [200, 'Huishouden']);
  assert.equal(read.body['registration_access_token'], next, 'looking changes nothing');
  const { application } = await tokensFor(client);
  assert.ok(application, 'its secret is still its own');
});

test('no change makes a client more than it was invited to be, or somebody else', async () => {
  const client = await register();
  const put = (more: Body) =>
    ask('PUT', client.path, client.token, { ...client.metadata, ...more });
  for (const [what, more] of [
    ['another id', { client_id: 'client_000000000000000000000000' }],
    ['no id', { client_id: undefined }],
    ['a secret of its choice', { client_secret: 'chosen' }],
    ['the word that stands for it', { client_secret: 'hashed' }],
    ['a token of its choice', { registration_access_token: 'chosen' }],
    ['a later end', { client_secret_expires_at: 0 }],
    ['a scope of nobody', { scope: 'accounts.read payments' }],
    ['an address in clear', { redirect_uris: ['http://budget.test/callback'] }],
    ['no authentication', { token_endpoint_auth_method: 'none' }],
    ['the implicit flow', { response_types: ['token'] }],
    ['ways out in clear', { post_logout_redirect_uris: ['http://budget.test/bye'] }],
  ] as const) {
    const refused = await put(more);
    assert.equal(refused.status, 400, `${what}: ${refused.text}`);
    assert.match(String(refused.body['error']), /^invalid_/, what);
  }
  const shown = JSON.parse(await issuer.run('clients', 'show', client.id, '--json'));
  assert.deepEqual(shown.redirectUris, [CALLBACK], 'nothing of it was kept');
  assert.equal((await put({ poorter_pkce: false, poorter_profile: 'machine' })).status, 200);
  const after = JSON.parse(await issuer.run('clients', 'show', client.id, '--json'));
  assert.deepEqual([after.profile, after.accepts], ['browser', []]);
});

test('of many who change a client at once with one token one does', async () => {
  const client = await register();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, number) =>
      ask('PUT', client.path, client.token, {
        ...client.metadata,
        client_name: `Budget ${number}`,
      }),
    ),
  );
  const done = answers.filter(({ status }) => status === 200);
  assert.equal(done.length, 1, answers.map(({ status }) => status).join(' '));
  const next = String(done[0]?.body['registration_access_token']);
  const read = await ask('GET', client.path, next);
  assert.equal(read.body['client_name'], done[0]?.body['client_name']);
});

test('a client that takes something from itself is refused with what it had', async () => {
  const client = await register({ ...SITE, scope: 'accounts.read accounts.write' });
  const { tokens } = await tokensFor(client, 'openid accounts.read accounts.write');
  assert.equal(await called(tokens.access_token), 200);
  const changed = await ask('PUT', client.path, client.token, {
    ...client.metadata,
    scope: 'accounts.read',
  });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(await called(tokens.access_token), 401, 'when it is answered');
});

test('with a client that ends itself ends what it was given, and nobody’s yes is left', async () => {
  const client = await register();
  const scope = 'openid offline_access accounts.read';
  const { application, tokens } = await tokensFor(client, scope);
  assert.equal(await called(tokens.access_token), 200);
  const grant = String(decodeJwt(tokens.access_token)['grant_id']);
  const grants = async () => issuer.run('accounts', 'grants', person.id);
  assert.ok((await grants()).includes(grant));
  const gone = await ask('DELETE', client.path, client.token);
  assert.equal(gone.status, 204, gone.text);
  assert.equal(await called(tokens.access_token), 401, 'when it is answered');
  assert.ok(!(await grants()).includes(grant));
  await assert.rejects(
    oidc.refreshTokenGrant(application.configuration, String(tokens.refresh_token)),
    { status: 401 },
  );
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const again = await ask(method, client.path, client.token, method === 'PUT' ? {} : undefined);
    assert.deepEqual([again.status, again.body['error']], [401, 'invalid_token'], method);
  }
  const { url } = await askFor(application);
  const { at } = await new SoftBrowser(issuer.origin).follow(`${url.pathname}${url.search}`);
  assert.ok(at.startsWith(`${issuer.origin}/auth?`), 'nobody is sent there any more');
});

test('a client manages itself, and no other one; those that operators made are theirs', async () => {
  const [one, two] = [await register(), await register()];
  const site = await makeApplication(issuer, 'https://ledger.test/callback');
  const operators = `/reg/${String(site.configuration.clientMetadata().client_id)}`;
  for (const path of [operators, '/reg/client_000000000000000000000000']) {
    const spare = await register();
    assert.equal((await ask('GET', path, spare.token)).status, 401, path);
  }
  assert.equal((await ask('DELETE', two.path, one.token)).status, 401);
  assert.equal((await ask('GET', two.path, token)).status, 401, 'an invitation shows nothing');
  assert.equal((await ask('GET', two.path, two.token)).status, 200);
  // An operator who changes it answers for it from then on.
  const terms = ['--name', 'Budget', '--profile', 'browser', '--redirect-uri', CALLBACK];
  await issuer.run('clients', 'change', two.id, ...terms);
  const refused = await ask('PUT', two.path, two.token, two.metadata);
  assert.deepEqual([refused.status, refused.body['error']], [401, 'invalid_token']);
  const shown = JSON.parse(await issuer.run('clients', 'show', two.id, '--json'));
  assert.deepEqual(shown.scopes, [], 'it cannot take it back');
});

test('each act of a client on itself stands in the log, with who it was and nothing that opens', async () => {
  const client = await register();
  await ask('GET', client.path, 'guessed');
  await ask('DELETE', client.path, client.token);
  await eventually('both are in the log', async () => {
    const found = await issuer.run('log', 'search', '--limit', '50');
    return ['registerClient', 'endRegistration', 'readRegistration'].every((one) =>
      found.includes(one),
    );
  });
  const log = await issuer.run('log', 'search', '--limit', '200', '--json');
  const own = await issuer.run('log', 'search', '--client', client.id);
  for (const act of ['registerClient', 'endRegistration']) assert.ok(own.includes(act), own);
  for (const secret of [client.token, token, String(client.metadata['client_secret'])]) {
    assert.ok(!log.includes(secret));
  }
  const refused = await issuer.run('log', 'search', '--code', 'invalid_token');
  assert.match(refused, /readRegistration/);
});

test('a client that nobody uses ends, and one that was given a token stays', async () => {
  const [unused, used] = [await register(), await register()];
  await tokensFor(used);
  clock.step(4 * 86_400_000);
  await eventually('it has ended', async () =>
    issuer.run('clients', 'show', unused.id).then(
      () => false,
      (error: Error) => /nothing of that name/.test(error.message),
    ),
  );
  assert.match(await issuer.run('clients', 'show', used.id), /"state": "active"/);
  assert.equal((await ask('GET', used.path, used.token)).status, 200);
  assert.equal((await ask('GET', unused.path, unused.token)).status, 401);
  assert.match(await issuer.run('clients', 'invitations'), new RegExp(invitation));
});
