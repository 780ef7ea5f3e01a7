import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, call, codeOf } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

/** What pages of other origins may send and read, as their browser is told. */

const APP = 'https://app.example';
const PARTNER = 'https://partner.example';
const ok = {
  200: {
    description: 'ok',
    headers: { 'X-Total': { schema: { type: 'integer' } } },
    content: { 'application/json': {} },
  },
};
const description = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1' },
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      session: { type: 'apiKey', in: 'cookie', name: 'session' },
    },
  },
  security: [{ key: [] }],
  'x-poorter': { cors: { origins: [APP], credentials: true, headers: ['X-Own'] } },
  paths: {
    '/things': {
      get: {
        parameters: [{ name: 'X-Trace', in: 'header', schema: { type: 'string' } }],
        responses: ok,
      },
      put: { requestBody: { content: { 'application/json': {} } }, responses: ok },
      delete: { 'x-poorter': { cors: { origins: [PARTNER] } }, responses: ok },
    },
    '/limited': {
      get: {
        security: [],
        'x-poorter': { limit: { requests: 1, per: 'hour', by: 'address' } },
        responses: ok,
      },
    },
    '/public': { get: { security: [], 'x-poorter': { cors: { origins: '*' } }, responses: ok } },
    '/silent': {
      'x-poorter': { cors: 'off' },
      get: { security: [], responses: ok },
      options: { security: [], responses: ok },
    },
    '/inside': {
      get: { 'x-poorter': { network: { deny: ['127.0.0.0/8'] } }, responses: ok },
    },
    '/withheld': {
      get: {
        security: [],
        'x-poorter': { response: 'block' },
        responses: { 204: { description: '' } },
      },
    },
  },
};

const service = await startService({ after }, (response) => {
  response.writeHead(200, {
    'content-type': 'application/json',
    vary: 'Accept-Encoding',
    'access-control-allow-origin': 'https://evil.example',
    'access-control-allow-credentials': 'true',
    'access-control-allow-private-network': 'true',
    'x-total': '1',
  });
  response.end('{}');
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: {
      trust: { proxies: ['127.0.0.1/32'] },
      forwardAuth: [{ address: '127.0.0.1:0', for: 'traefik' }],
    },
  },
);
const key = await poorter.createKey('page');

const preflight = (path: string, method: string, origin = APP, more: Record<string, string> = {}) =>
  call(`${poorter.url}${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, ...more },
  });
const get = (path: string, headers: Record<string, string> = {}) =>
  call(`${poorter.url}${path}`, { headers });

function corsOf({ rawHeaders }: Answer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (!name.startsWith('access-control-') && name !== 'vary') continue;
    assert.equal(found[name], undefined, `${name} stands twice`);
    found[name] = rawHeaders[index + 1] as string;
  }
  return found;
}

test('a preflight is answered before anybody is identified, and reaches no service', async () => {
  const before = service.seen.length;
  const answer = await preflight('/things', 'PUT', APP, {
    'access-control-request-headers': 'content-type,x-key',
    'access-control-request-private-network': 'true',
  });
  assert.equal(answer.status, 204, answer.text);
  assert.deepEqual(corsOf(answer), {
    'access-control-allow-origin': APP,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'GET, HEAD, PUT',
    'access-control-allow-headers': 'content-type, x-key, x-own',
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  });
  const reading = corsOf(await preflight('/things', 'HEAD'));
  assert.equal(reading['access-control-allow-headers'], 'x-key, x-own, x-trace');
  assert.equal(service.seen.length, before);
  const record = (await poorter.records()).at(-1);
  assert.deepEqual([record?.decision, record?.phase, record?.status], ['answered', 'own', 204]);
});

test('a preflight of another origin, or for what nobody described, grants nothing', async () => {
  for (const origin of ['https://evil.example', 'http://app.example', 'null', PARTNER]) {
    const answer = await preflight('/things', 'PUT', origin);
    assert.equal(answer.status, 403);
    assert.equal(codeOf(answer), 'origin_not_allowed');
    assert.deepEqual(corsOf(answer), { vary: 'Origin' });
  }
  assert.equal((await preflight('/things', 'PATCH')).status, 405);
  assert.equal((await preflight('/things', 'put')).status, 405);
  assert.equal((await preflight('/nowhere', 'GET')).status, 404);
  assert.equal(codeOf(await preflight('/inside', 'GET')), 'address_not_allowed');
});

test('an operation with a policy of its own answers by it', async () => {
  const partner = corsOf(await preflight('/things', 'DELETE', PARTNER));
  assert.equal(partner['access-control-allow-methods'], 'DELETE');
  assert.equal(partner['access-control-allow-credentials'], undefined);
  assert.equal((await preflight('/things', 'DELETE')).status, 403);
  assert.equal(corsOf(await preflight('/public', 'GET'))['access-control-allow-origin'], '*');
});

test('answers carry the words of the gate in place of those of the service', async () => {
  const answer = await get('/things', { origin: APP, 'x-key': key });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(corsOf(answer), {
    'access-control-allow-origin': APP,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers':
      'allow, location, poorter-call, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-total',
    vary: 'Accept-Encoding, Origin',
  });
  const stranger = await get('/things', { origin: 'https://evil.example', 'x-key': key });
  assert.equal(stranger.status, 200);
  assert.deepEqual(corsOf(stranger), { vary: 'Accept-Encoding, Origin' });
  assert.deepEqual(corsOf(await get('/things', { 'x-key': key })), {
    vary: 'Accept-Encoding, Origin',
  });
  const everyone = corsOf(await get('/public', { origin: PARTNER }));
  assert.equal(everyone['access-control-allow-origin'], '*');
  assert.equal(everyone['access-control-allow-credentials'], undefined);
});

test('a page may read why it was refused, in every phase', async () => {
  const origin = APP;
  assert.equal((await get('/limited', { origin })).status, 200);
  const refusals: [Answer, number][] = [
    [await get('/things', { origin }), 401],
    [await get('/things?x=1', { origin, 'x-key': key }), 400],
    [await get('/nowhere', { origin }), 404],
    [await call(`${poorter.url}/limited`, { method: 'POST', headers: { origin } }), 405],
    [await get('/limited', { origin }), 429],
    [await get('/inside', { origin, 'x-key': key }), 403],
    [await get('/withheld', { origin }), 502],
  ];
  for (const [answer, status] of refusals) {
    assert.equal(answer.status, status, answer.text);
    const fields = corsOf(answer);
    assert.equal(fields['access-control-allow-origin'], APP, String(status));
    assert.match(fields['access-control-expose-headers'] ?? '', /poorter-call.*retry-after/);
    assert.equal(fields['vary'], 'Origin');
  }
});

test('where the policy is off, OPTIONS and the words of the service pass as they are', async () => {
  const answer = await preflight('/silent', 'GET');
  assert.equal(answer.status, 200);
  const fields = corsOf(answer);
  assert.equal(fields['access-control-allow-origin'], 'https://evil.example');
  assert.equal(service.last().method, 'OPTIONS');
  assert.deepEqual(corsOf(await get('/silent', { origin: APP })), fields);
});

test('preflights do not spend the allowance of the calls that follow', async () => {
  for (let count = 0; count < 5; count++) {
    assert.equal((await preflight('/limited', 'GET')).status, 204);
  }
});

test('forward-auth lets no preflight through to the service, and tells pages why they are refused', async () => {
  const ask = (method: string, target: string, headers: Record<string, string>) =>
    call(`http://${poorter.addresses[1]}/`, {
      headers: { 'x-forwarded-method': method, 'x-forwarded-uri': target, ...headers },
    });
  const asked = { origin: APP, 'access-control-request-method': 'PUT' };
  const answer = await ask('OPTIONS', '/things', asked);
  assert.equal(answer.status, 405);
  assert.match(String(answer.headers.allow), /PUT/);
  const refused = await ask('GET', '/things', { origin: APP });
  assert.equal(refused.status, 401);
  assert.equal(corsOf(refused)['access-control-allow-origin'], APP);
});

test('a policy in the configuration holds for descriptions without one', async () => {
  const { 'x-poorter': _, ...plain } = description;
  const configured = await startPoorter(
    { after },
    {
      description: plain,
      upstream: service.url,
      threads: 1,
      configuration: { api: { cors: { origins: [PARTNER], maxAgeSeconds: 5 } } },
    },
  );
  const answer = await call(`${configured.url}/things`, {
    method: 'OPTIONS',
    headers: { origin: PARTNER, 'access-control-request-method': 'GET' },
  });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-max-age'], '5');
  const lost = await call(`${configured.url}/nowhere`, { headers: { origin: PARTNER } });
  assert.equal(corsOf(lost)['access-control-allow-origin'], PARTNER);
});

test('a service that is gone is told to the page, too', async () => {
  const absent = await startPoorter(
    { after },
    { description, upstream: `http://127.0.0.1:${await unusedPort()}`, threads: 1 },
  );
  const answer = await call(`${absent.url}/public`, { headers: { origin: PARTNER } });
  assert.equal(answer.status, 502);
  assert.equal(corsOf(answer)['access-control-allow-origin'], '*');
});
