import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { type Answer, call, codeOf } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const operation = (security: object[], more: object = {}) => ({
  get: { security, responses: ok, ...more },
});
const description = {
  openapi: '3.1.0',
  info: { title: 'Keys', version: '1' },
  components: {
    securitySchemes: {
      header: { type: 'apiKey', in: 'header', name: 'X-Key' },
      query: { type: 'apiKey', in: 'query', name: 'key' },
      cookie: { type: 'apiKey', in: 'cookie', name: 'session' },
      basic: { type: 'http', scheme: 'basic' },
    },
  },
  paths: {
    '/header': operation([{ header: [] }]),
    '/query': operation([{ query: [] }], {
      parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
    }),
    '/cookie': operation([{ cookie: [] }]),
    '/basic': operation([{ basic: [] }]),
    '/both': operation([{ header: [], query: [] }]),
    '/either': operation([{ header: [] }, { basic: [] }]),
    '/optional': operation([{ header: [] }, {}]),
    '/open': operation([]),
    '/tellers': operation([{ header: [] }], { 'x-poorter': { authorize: { roles: ['teller'] } } }),
    '/scoped': operation([{ header: [] }], {
      'x-poorter': { authorize: { scopes: ['accounts:read'] } },
    }),
  },
};

const service = await startService({ after });
const poorter = await startPoorter({ after }, { description, upstream: service.url });
const key = await poorter.createKey('shop', { scopes: 'accounts:read' });
const teller = await poorter.createKey('desk', { roles: 'teller' });
// Names may be reused; services are told the id.
const keyId = /id: (key_\w+)\s+name: shop/.exec(poorter.read('keys.yaml'))?.[1];
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const get = (path: string, headers: Record<string, string> = {}) =>
  call(`${poorter.url}${path}`, { headers });

async function expect(path: string, headers: Record<string, string>, status: number, code = '') {
  const answer = await get(path, headers);
  assert.equal(answer.status, status, answer.text);
  assert.equal(codeOf(answer), code);
  return answer;
}

/** Nothing of the credential may be visible to the service. */
function assertNotForwarded(credential: string): void {
  const { target, rawHeaders } = service.last();
  assert.equal(`${target} ${rawHeaders.join(' ')}`.includes(credential), false);
}

test('a key in a header is accepted and does not reach the service', async () => {
  await expect('/header', { 'x-key': key }, 200);
  assertNotForwarded(key);
});

test('a key in the query is accepted and cut out of it; the rest keeps its bytes', async () => {
  const reached = service.seen.length;
  await expect(`/query?page=7&key=${key}`, {}, 200);
  assert.equal(service.seen.length, reached + 1);
  assert.equal(service.last().target, '/query?page=7');
  assertNotForwarded(key);
});

test('a key in a cookie is accepted and cut out; other cookies travel on', async () => {
  await expect('/cookie', { cookie: `theme=dark; session=${key}; lang=nl` }, 200);
  assert.equal(service.last().headers.cookie, 'theme=dark; lang=nl');
  assertNotForwarded(key);
});

test('basic takes the name of a key as user and the key as password', async () => {
  await expect('/basic', { authorization: basic('shop', key) }, 200);
  assert.equal(service.last().headers.authorization, undefined);
  await expect('/basic', { authorization: basic('desk', key) }, 401, 'credentials_invalid');
});

test('every way in that is missing or wrong is a 401 with its challenge', async () => {
  const missing = await expect('/header', {}, 401, 'credentials_required');
  assert.match(String(missing.headers['www-authenticate']), /^ApiKey realm=".*name="X-Key"$/);
  const wrong = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
  await expect('/header', { 'x-key': wrong }, 401, 'credentials_invalid');
  const unasked = await expect('/basic', {}, 401, 'credentials_required');
  assert.match(String(unasked.headers['www-authenticate']), /^Basic /);
});

test('a key in the wrong place is no key', async () => {
  await expect(`/query?page=1`, { 'x-key': key }, 401, 'credentials_required');
  await expect('/header', { authorization: `Bearer ${key}` }, 401, 'credentials_required');
});

test('a key given twice is no key', async () => {
  await expect(`/query?key=${key}&key=${key}`, {}, 401, 'credentials_invalid');
  await expect('/cookie', { cookie: `session=${key}; session=${key}` }, 401, 'credentials_invalid');
});

test('schemes of one alternative must all hold', async () => {
  await expect('/both', { 'x-key': key }, 401, 'credentials_required');
  await expect(`/both?key=${key}`, { 'x-key': key }, 200);
  assertNotForwarded(key);
});

test('one alternative that holds suffices, even beside a wrong credential', async () => {
  await expect('/either', { 'x-key': key }, 200);
  await expect('/either', { authorization: basic('shop', key) }, 200);
  await expect('/either', { 'x-key': 'wrong', authorization: basic('shop', key) }, 200);
  assert.equal(service.last().headers['x-key'], undefined);
  const none = await expect('/either', {}, 401, 'credentials_required');
  const challenges = none.rawHeaders.filter((_, index) =>
    /^www-authenticate$/i.test(none.rawHeaders[index - 1] ?? ''),
  );
  assert.deepEqual(
    challenges.map((one) => one.split(' ')[0]),
    ['ApiKey', 'Basic'],
  );
});

test('an optional requirement lets anonymous calls pass, and says so to the service', async () => {
  await expect('/optional', {}, 200);
  assert.deepEqual((await identityClaims()).payload['anonymous'], true);
  await expect('/optional', { 'x-key': key }, 200);
  assert.equal((await identityClaims()).payload['client_id'], keyId);
});

test('roles and scopes that a key lacks are a 403', async () => {
  await expect('/tellers', { 'x-key': key }, 403, 'role_required');
  await expect('/tellers', { 'x-key': teller }, 200);
  await expect('/scoped', { 'x-key': teller }, 403, 'insufficient_scope');
  await expect('/scoped', { 'x-key': key }, 200);
});

test('the service can verify who calls with the keys that the gate publishes', async () => {
  await expect(
    '/header',
    { 'x-key': key, 'Poorter-Identity': 'forged', poorter_identity: 'f' },
    200,
  );
  const { payload, protectedHeader } = await identityClaims();
  assert.equal(protectedHeader.alg, 'ES256');
  assert.equal(payload.sub, keyId);
  assert.equal(payload['client_id'], keyId);
  assert.equal(payload['scope'], 'accounts:read');
  assert.equal(payload.aud, service.url);
  assert.ok((payload.exp as number) - (payload.iat as number) <= 60);
  assert.equal(service.last().headers['poorter_identity'], undefined);
});

test('nothing private is in the published keys', async () => {
  const answer = await get('/.well-known/poorter/jwks.json');
  assert.equal(answer.status, 200);
  const { keys } = JSON.parse(answer.text) as { keys: Record<string, unknown>[] };
  assert.equal(keys.length, 1);
  assert.equal(Object.hasOwn(keys[0] as object, 'd'), false);
});

test('a credential appears in no record, no output and no problem', async () => {
  const marker = 'poorter_MARKERmarkerMARKERmarkerMARKERmarkerMARKERmark123';
  const answers: Answer[] = [
    await get('/header', { 'x-key': marker }),
    await get(`/query?page=notanumber&key=${marker}`),
    await get(`/query?page=notanumber&key=${key}`),
    await get('/cookie', { cookie: `session=${marker}` }),
    await get('/basic', { authorization: basic('shop', marker) }),
    await get(`/nowhere/${marker}?key=${marker}`, { 'x-key': marker }),
    await get('/header', { 'x-key': key }),
    await get('/open', { authorization: `Bearer ${marker}` }),
  ];
  const records = JSON.stringify(await poorter.records());
  const said = answers.map(({ text, rawHeaders }) => text + rawHeaders.join()).join();
  const encoded = Buffer.from(`shop:${marker}`).toString('base64');
  for (const secret of [marker, key, encoded, encodeURIComponent(marker)]) {
    for (const [where, text] of Object.entries({ records, said, output: poorter.output() })) {
      assert.equal(text.includes(secret), false, `a credential is in ${where}`);
    }
  }
});

async function identityClaims() {
  const keys = createRemoteJWKSet(new URL(`${poorter.url}/.well-known/poorter/jwks.json`));
  return jwtVerify(String(service.last().headers['poorter-identity']), keys, {
    issuer: 'poorter',
    audience: service.url,
  });
}
