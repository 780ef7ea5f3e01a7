import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import {
  ACCESS_TOKEN,
  BOTH,
  EXCHANGE,
  exchange,
  FREE,
  give,
  startExchange,
} from './world/exchange.fixture.ts';
import {
  askFor,
  makeApplication,
  makeMachine,
  type RunningIssuer,
  redeem,
  startIssuer,
} from './world/own-issuer.fixture.ts';
import { enrol, goThrough } from './world/person.fixture.ts';
import { SoftBrowser } from './world/soft-browser.fixture.ts';

const CALLBACK = 'https://budget.test/callback';

const INFORMATION = { type: 'account_information', actions: ['list_accounts'] };
const PAYMENT = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '12.50' },
  creditorName: 'Bakkerij Peeters',
  creditorAccount: { iban: 'BE71096123456769' },
};

const cards = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Cards', version: '1' },
  paths: {
    '/cards': {
      get: {
        security: [{ oauth: ['accounts.read'] }, { oauth: ['cards.read'] }],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
  },
  components: {
    securitySchemes: {
      oauth: {
        type: 'oauth2',
        flows: {
          clientCredentials: {
            tokenUrl: 'https://login.test/token',
            scopes: { 'accounts.read': 'read', 'cards.read': 'read' },
          },
        },
      },
    },
  },
});

interface Given {
  readonly access_token: string;
  readonly [member: string]: unknown;
}

/** What somebody let an application do. */
async function giveFor(issuer: RunningIssuer, more: Record<string, string> = {}) {
  const person = await enrol(issuer, 'griet@example.test');
  const types = ['--detail-types', 'account_information,payment_initiation'];
  const application = await makeApplication(issuer, CALLBACK, ...types);
  const asked = await askFor(application, more);
  const back = await goThrough(new SoftBrowser(issuer.origin), asked.url, person);
  const tokens = await redeem(application, asked, back);
  return { person, application, tokens };
}

/** One for all who change nothing of it: a start takes seconds of processor time. */
const shared = await startExchange({ after });

test('a service that was called with a token calls on with one of its own: narrower, no longer, and with all who acted', async () => {
  const { issuer, ask, makeService, makeCaller } = shared;
  const caller = await makeCaller();
  const [first, second, third, fourth] = await Promise.all([
    ...[makeService(BOTH), makeService(BOTH), makeService(BOTH), makeService(BOTH)],
  ]);
  assert.ok(first && second && third && fourth);
  const token = await give(caller, 'accounts.read accounts.write');
  const before = decodeJwt(token);
  const whole = await exchange(first.configuration, token);
  assert.equal(whole['issued_token_type'], ACCESS_TOKEN);
  assert.equal(whole.scope, 'accounts.read accounts.write');
  const claims = decodeJwt(whole.access_token);
  assert.deepEqual(
    [claims.sub, claims['client_id'], claims.aud, claims.exp],
    [caller.id, first.id, before.aud, before.exp],
  );
  assert.deepEqual(claims['act'], { sub: first.id, act: { sub: caller.id } });
  assert.equal(await ask(whole.access_token), 200);
  const { principal } = (await issuer.poorter.records()).at(-1) ?? {};
  assert.equal((principal as { client?: string } | null)?.client, first.id, 'who called');

  const narrow = await exchange(second.configuration, whole.access_token, {
    scope: 'accounts.read',
  });
  assert.equal(narrow.scope, 'accounts.read');
  const act = { sub: second.id, act: { sub: first.id, act: { sub: caller.id } } };
  assert.deepEqual(decodeJwt(narrow.access_token)['act'], act);
  const wider = exchange(third.configuration, narrow.access_token, { scope: 'accounts.write' });
  await assert.rejects(wider, { error: 'invalid_scope' }, 'what was given up does not come back');
  const seen = await oidc.tokenIntrospection(second.configuration, narrow.access_token);
  assert.deepEqual([seen.active, seen.sub, seen['act']], [true, caller.id, act]);

  // Its own, narrower: nobody else acts.
  const own = await exchange(second.configuration, narrow.access_token);
  assert.deepEqual(decodeJwt(own.access_token)['act'], act);
  const last = await exchange(third.configuration, own.access_token);
  await assert.rejects(
    exchange(fourth.configuration, last.access_token),
    { error: 'invalid_request' },
    'a fifth in the chain',
  );
  const metadata = `${issuer.origin}/.well-known/oauth-authorization-server`;
  const { grant_types_supported: grants } = (await (await fetch(metadata)).json()) as {
    grant_types_supported: string[];
  };
  assert.ok(grants.includes(EXCHANGE));
});

test('what is no access token of an API here, has ended, or is asked for in another way, is exchanged for nothing', async () => {
  const { issuer, makeService, makeCaller } = shared;
  const service = await makeService(BOTH);
  const readOnly = await makeService();
  const caller = await makeCaller();
  const token = await give(caller, 'accounts.read accounts.write');
  const refused = async (what: string, error: string, wish: Promise<unknown>) =>
    assert.rejects(wish, { error }, what);
  const { configuration } = service;
  const { privateKey } = await generateKeyPair('ES256');
  const foreign = await new SignJWT({ ...decodeJwt(token) })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .sign(privateKey);
  const { application, tokens } = await giveFor(issuer, { scope: 'openid accounts.read' });
  const idToken = String(tokens.id_token);
  for (const [what, bad] of [
    ['of another issuer', foreign],
    ['an ID token', idToken],
    ['broken', `${token}x`],
    ['no JWT', 'opaque'],
    ['nothing', ''],
  ] as const) {
    await refused(what, 'invalid_request', exchange(configuration, bad));
  }
  for (const [error, more] of [
    ['invalid_request', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['invalid_request', { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['invalid_request', { actor_token: token, actor_token_type: ACCESS_TOKEN }],
    ['invalid_target', { resource: 'https://other.test' }],
    ['invalid_target', { audience: 'other' }],
    ['invalid_target', { audience: 'other', resource: String(decodeJwt(token).aud) }],
    ['invalid_scope', { scope: 'accounts.read made.up' }],
    ['invalid_scope', { scope: 'openid' }],
    ['invalid_authorization_details', { authorization_details: JSON.stringify([INFORMATION]) }],
  ] as const) {
    await refused(JSON.stringify(more), error, exchange(configuration, token, more));
  }
  const beyond = exchange(readOnly.configuration, token, { scope: 'accounts.write' });
  await refused('beyond the client', 'invalid_scope', beyond);
  const narrowed = await exchange(readOnly.configuration, token);
  assert.equal(narrowed.scope, 'accounts.read', 'as much as the client may have');
  const write = await give(caller, 'accounts.write');
  await refused('nothing left', 'invalid_scope', exchange(readOnly.configuration, write));

  // Only clients that have the flow, and only profiles that show who they are.
  await refused('without the flow', 'unauthorized_client', exchange(caller.configuration, token));
  await refused('a person’s', 'unauthorized_client', exchange(application.configuration, token));
  const phone = ['clients', 'create', '--name', 'Phone', '--profile', 'native'];
  const native = issuer.run(...phone, '--redirect-uri', CALLBACK, '--flows', 'redirect,exchange');
  await assert.rejects(native, /exchange is for machine and browser/);

  await oidc.tokenRevocation(caller.configuration, token);
  await refused('taken back', 'invalid_request', exchange(configuration, token));
});

test('what comes of a token ends no later than it, and nothing comes of one that has ended', async (t) => {
  const { makeService, makeCaller } = await startExchange(t, {
    issuer: { tokens: { lifeSeconds: 30 } },
  });
  const { configuration } = await makeService();
  const token = await give(await makeCaller(), 'accounts.read');
  const { exp = 0 } = decodeJwt(token);
  await sleep(5_000);
  const given = await exchange(configuration, token);
  assert.equal(decodeJwt(given.access_token).exp, exp);
  assert.ok((given.expires_in ?? 0) <= 26, String(given.expires_in));
  await sleep(exp * 1000 - Date.now() + 50);
  await assert.rejects(exchange(configuration, token), { error: 'invalid_request' });
  await assert.rejects(exchange(configuration, given.access_token), { error: 'invalid_request' });
});

test('a person has another name at each site, and whoever takes back what they allowed ends what was exchanged', async () => {
  const { issuer, ask, makeService } = shared;
  const more = ['--detail-types', 'account_information,payment_initiation'];
  const service = await makeService('accounts.read', ...FREE, ...more);
  const plain = await makeService();
  const details = JSON.stringify([INFORMATION, PAYMENT]);
  const { person, tokens } = await giveFor(issuer, { authorization_details: details });
  const before = decodeJwt(tokens.access_token);
  const given = await exchange(service.configuration, tokens.access_token);
  const claims = decodeJwt(given.access_token);
  assert.notEqual(claims.sub, before.sub);
  assert.ok(!JSON.stringify(claims).includes(person.id));
  assert.ok(!JSON.stringify(claims).includes(String(before.sub)));
  for (const same of ['grant_id', 'acr', 'auth_time', 'exp', 'aud', 'iss'] as const) {
    assert.ok(before[same] !== undefined, same);
    assert.equal(claims[same], before[same], same);
  }
  // What somebody signed is good for whom they signed it.
  assert.equal((before['authorization_details'] as unknown[]).length, 2);
  assert.deepEqual(claims['authorization_details'], [INFORMATION]);
  const signed = { authorization_details: JSON.stringify([PAYMENT]) };
  await assert.rejects(exchange(service.configuration, tokens.access_token, signed), {
    error: 'invalid_authorization_details',
  });
  const bare = await exchange(plain.configuration, tokens.access_token);
  const theirs = decodeJwt(bare.access_token);
  assert.equal(theirs['authorization_details'], undefined, 'a client without such details');
  assert.notEqual(theirs.sub, claims.sub);
  const again = await exchange(plain.configuration, given.access_token);
  assert.equal(decodeJwt(again.access_token).sub, theirs.sub, 'by whatever way it came');

  assert.equal(await ask(given.access_token), 200);
  const exchanged = [given, bare, again].map(({ access_token: one }) => one);
  // While it is taken back, fifty more are asked for: none of them outlives it.
  const racing = Array.from({ length: 50 }, () =>
    exchange(plain.configuration, tokens.access_token).then(
      ({ access_token: one }) => void exchanged.push(one),
      () => undefined,
    ),
  );
  await issuer.run('accounts', 'end-grant', person.id, String(claims['grant_id']));
  await Promise.all(racing);
  for (const one of exchanged) assert.equal(await ask(one), 401);
  await assert.rejects(exchange(plain.configuration, tokens.access_token), {
    error: 'invalid_request',
  });
});

test('a client that is disabled ends what passed through its hands', async () => {
  const { issuer, ask, makeService, makeCaller } = shared;
  const caller = await makeCaller();
  const [first, second] = [await makeService(), await makeService()];
  const token = await give(caller, 'accounts.read');
  const { access_token: one } = await exchange(first.configuration, token);
  const { access_token: two } = await exchange(second.configuration, one);
  const other = await exchange(second.configuration, token);
  for (const good of [token, one, two]) assert.equal(await ask(good), 200);
  await issuer.run('clients', 'disable', first.id);
  assert.deepEqual([await ask(token), await ask(one), await ask(two)], [200, 401, 401]);
  assert.equal(await ask(other.access_token), 200, 'it did not pass through its hands');
  await assert.rejects(exchange(second.configuration, two), { error: 'invalid_request' });
  await assert.rejects(exchange(first.configuration, token), { error: 'invalid_client' });
  await issuer.run('clients', 'disable', caller.id);
  assert.deepEqual([await ask(token), await ask(other.access_token)], [401, 401]);
});

test('at another API a client has what both the token and its own terms name there', async (t) => {
  const upstream = await startRawUpstream(t);
  const publicOrigin = 'https://api.bank.test';
  const issuer = await startIssuer(t, upstream.url, {
    publicOrigin,
    apis: [
      { name: 'accounts', spec: './api.yaml', upstream: upstream.url },
      { name: 'cards', spec: './cards.yaml', upstream: upstream.url },
    ],
    files: { 'cards.yaml': cards },
  });
  const ask = async (token: string, path: string) => {
    const headers = { authorization: `Bearer ${token}`, host: 'api.bank.test' };
    return (await call(`${issuer.poorter.url}${path}`, { headers })).status;
  };
  const caller = await makeMachine(issuer, BOTH, ...FREE);
  const all = `${BOTH},cards.read`;
  const service = await makeMachine(issuer, all, '--flows', 'exchange', ...FREE);
  const [here, there] = [`${publicOrigin}/accounts`, `${publicOrigin}/cards`];
  const { access_token: token } = await oidc.clientCredentialsGrant(caller.configuration, {
    ...{ scope: 'accounts.read accounts.write', resource: here },
  });
  const given: Given = await exchange(service.configuration, token, { audience: there });
  assert.deepEqual([decodeJwt(given.access_token).aud, given['scope']], [there, 'accounts.read']);
  assert.equal(await ask(given.access_token, '/cards'), 200);
  assert.equal(await ask(token, '/accounts'), 200);
  assert.equal(
    await ask(given.access_token, '/accounts'),
    401,
    'a token for one API is none for another',
  );
  assert.equal(await ask(token, '/cards'), 401, 'whatever scopes they share');
  const same = await exchange(service.configuration, token, { resource: here });
  assert.equal(decodeJwt(same.access_token).aud, here);
  for (const [error, more] of [
    ['invalid_scope', { resource: there, scope: 'cards.read' }],
    ['invalid_scope', { resource: there, scope: 'accounts.write' }],
    ['invalid_target', { resource: there, audience: here }],
  ] as const) {
    await assert.rejects(exchange(service.configuration, token, more), { error });
  }
  const { access_token: write } = await oidc.clientCredentialsGrant(caller.configuration, {
    ...{ scope: 'accounts.write', resource: here },
  });
  await assert.rejects(exchange(service.configuration, write, { resource: there }), {
    error: 'invalid_scope',
  });
});
