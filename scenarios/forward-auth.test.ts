import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { parse } from 'yaml';
import { type Answer, type CallOptions, call, codeOf } from './world/calls.fixture.ts';
import { startNginx } from './world/nginx.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const guide = readFileSync(join(import.meta.dirname, '../docs/guides/forward-auth.md'), 'utf8');
/** The block of the guide that contains a text. */
function block(language: string, marker: string): string {
  const blocks = [...guide.matchAll(/```(\w+)\n([\s\S]*?)```/g)];
  const found = blocks.find(([, name, text]) => name === language && text?.includes(marker));
  assert.ok(found, `the guide has no ${language} block with ${marker}`);
  return found[2] as string;
}

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const description = {
  openapi: '3.1.0',
  info: { title: 'Bank', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
  security: [{ key: [] }],
  paths: {
    '/accounts': {
      get: {
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
        responses: ok,
      },
      post: {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object', required: ['name'] } } },
        },
        responses: ok,
      },
    },
    '/tellers': {
      get: { 'x-poorter': { authorize: { roles: ['teller'] } }, responses: ok },
    },
    '/open': { get: { security: [], responses: ok } },
    '/feed': { get: { security: [], responses: { ...ok, 101: { description: 'a WebSocket' } } } },
    '/any': { get: { security: [], responses: { default: { description: 'an error' } } } },
    '/tiers': {
      get: {
        security: [],
        parameters: [{ name: 'X-Tier', in: 'header', schema: { type: 'integer', maximum: 5 } }],
        responses: ok,
      },
    },
    '/users/{id}': { get: { security: [], responses: ok } },
    '/users/@me': { get: { responses: ok } },
  },
};

const service = await startService({ after });
const { forwardAuth, trust } = parse(block('yaml', '# poorter.yaml')) as {
  forwardAuth: { address: string; for: string }[];
  trust: object;
};
const free = { address: '127.0.0.1:0' };
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: {
      trust,
      forwardAuth: [
        { ...forwardAuth[0], ...free },
        { ...free, for: 'traefik' },
        { ...free, for: 'caddy' },
        { ...free, for: 'nginx', allowUnseenBodies: true },
      ],
    },
  },
);
const [, asNginx, asTraefik, asCaddy, asTrusting] = poorter.addresses as [
  string,
  string,
  string,
  string,
  string,
];
const key = await poorter.createKey('shop');

const missing = (process.env['POORTER_MISSING_PROGRAMS'] ?? '').split(',');
const skip = missing.includes('nginx') && 'nginx is not installed';

test('nginx with the configuration of the guide', { skip }, async (t) => {
  const port = await unusedPort();
  const servers = block('nginx', 'auth_request')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8090', asNginx)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${service.port}`);
  await startNginx(t, servers, port);
  const get = (path: string, options: CallOptions = {}) =>
    call(`http://127.0.0.1:${port}`, { path, ...options });

  await t.test(
    'an allowed call reaches the service with the identity and without the key',
    async () => {
      const headers = { 'x-key': key, 'poorter-identity': 'forged', authorization: 'Bearer x' };
      const answer = await get('/accounts?page=2', { headers });
      assert.equal(answer.status, 200, answer.text);
      const seen = service.last();
      assert.equal(seen.target, '/accounts?page=2');
      assert.equal(seen.headers['x-key'], undefined);
      assert.equal(seen.headers.authorization, undefined);
      assert.equal(decodeJwt(String(seen.headers['poorter-identity'])).aud, service.url);
    },
  );

  const refused = async (path: string, status: number, options: CallOptions = {}) => {
    const before = service.seen.length;
    const answer = await get(path, options);
    assert.equal(answer.status, status, `${path} ${answer.text}`);
    assert.equal(service.seen.length, before, `${path} reached the service`);
    return answer;
  };
  const headers = { 'x-key': key };

  await t.test(
    'without a key: 401 with the challenge, and nothing reaches the service',
    async () => {
      const answer = await refused('/accounts', 401);
      assert.match(String(answer.headers['www-authenticate']), /^ApiKey /);
      await refused('/accounts', 401, { headers: { 'x-key': 'wrong' } });
    },
  );

  await t.test('every other refusal is a 403, never a 500', async () => {
    await refused('/nowhere', 403, { headers });
    await refused('/tellers', 403, { headers });
    await refused('/accounts?page=two', 403, { headers });
    await refused('/accounts', 403, { headers, method: 'DELETE' });
    await refused('/accounts', 403, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    });
  });

  await t.test('a target that the service could read otherwise is refused', async () => {
    for (const path of [
      '//accounts',
      '/x/../accounts',
      '/%61ccounts',
      '/./accounts',
      '/accounts%2F',
    ]) {
      await refused(path, 403, { headers });
    }
  });

  await t.test('the caller cannot speak for the proxy', async () => {
    await refused('/tellers', 403, { headers: { ...headers, 'x-original-uri': '/open' } });
    await refused('/tellers', 401, {
      headers: { 'x-original-uri': '/open', 'x-original-method': 'GET' },
    });
    await refused('/_poorter', 404, { headers });
    const spoofed = { ...headers, 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' };
    assert.equal((await get('/accounts', { headers: spoofed })).status, 200);
    const records = await poorter.records();
    assert.deepEqual(new Set(records.map(({ client }) => client)), new Set(['127.0.0.1']));
  });
});

/** The fields that a proxy sends, by its documentation. */
const asked = (proxy: string, method: string, target: string, headers: Record<string, string>) =>
  proxy === asNginx || proxy === asTrusting
    ? {
        ...{ 'x-original-method': method, 'x-original-uri': target, 'x-original-host': 'api' },
        ...{ 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https', ...headers },
      }
    : {
        ...{ 'x-forwarded-method': method, 'x-forwarded-uri': target, 'x-forwarded-host': 'api' },
        ...{ 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https', ...headers },
      };
const ask = (proxy: string, method: string, target: string, headers: Record<string, string> = {}) =>
  call(`http://${proxy}${proxy === asNginx ? '/' : target}`, {
    headers: asked(proxy, method, target, headers),
  });

test('Traefik and Caddy are told the status as it is, with a problem document', async () => {
  for (const proxy of [asTraefik, asCaddy]) {
    const allowed = await ask(proxy, 'GET', '/accounts?page=1', { 'x-key': key });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.text, '');
    const claims = decodeJwt(String(allowed.headers['poorter-identity']));
    assert.equal(claims.aud, service.url);
    const refusals: [string, string, number, string][] = [
      ['GET', '/nowhere', 404, 'no_such_operation'],
      ['DELETE', '/accounts', 405, 'method_not_allowed'],
      ['GET', '/tellers', 403, 'role_required'],
      ['GET', '/accounts?page=x', 400, 'request_invalid'],
      ['GET', '//accounts', 400, 'target_not_acceptable'],
      ['POST', '/accounts', 403, 'body_not_visible'],
    ];
    for (const [method, target, status, code] of refusals) {
      const answer = await ask(proxy, method, target, { 'x-key': key });
      assert.equal(answer.status, status, `${method} ${target} ${answer.text}`);
      assert.equal(codeOf(answer), code);
      assert.equal(answer.headers['poorter-identity'], undefined);
    }
  }
});

test('an anonymous call is vouched for as anonymous, so that no forged identity survives', async () => {
  const answer = await ask(asTraefik, 'GET', '/open', { 'poorter-identity': 'forged' });
  assert.equal(decodeJwt(String(answer.headers['poorter-identity']))['anonymous'], true);
});

test('a question without the fields of the proxy is refused', async () => {
  for (const proxy of [asNginx, asTraefik, asCaddy]) {
    const answer = await call(`http://${proxy}/open`);
    assert.ok(answer.status === 400 || answer.status === 403);
    assert.equal(codeOf(answer), 'malformed_request');
  }
  // Another dialect's fields count for nothing.
  const foreign = await call(`http://${asNginx}/`, {
    headers: { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/open' },
  });
  assert.equal(codeOf(foreign), 'malformed_request');
});

test('operations with a body pass only where unseen bodies are allowed', async () => {
  const json = { 'x-key': key, 'content-type': 'application/json' };
  assert.equal(codeOf(await ask(asNginx, 'POST', '/accounts', json)), 'body_not_visible');
  assert.equal((await ask(asTrusting, 'POST', '/accounts', json)).status, 200);
});

test('an upgrade that nobody documented is not allowed, whichever fields the proxy leaves of it', async () => {
  const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const handshakes: Record<string, string>[] = [
    { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', ...key },
    { 'sec-websocket-version': '13', ...key },
    { upgrade: 'WebSocket' },
    { 'sec-websocket-key1': '18x 6]8vM;54 *(5:  {   U1]8  z [  8' },
  ];
  for (const proxy of [asNginx, asTraefik, asCaddy]) {
    for (const headers of handshakes) {
      for (const target of ['/open', '/any']) {
        const answer = await ask(proxy, 'GET', target, headers);
        assert.equal(answer.status, proxy === asNginx ? 403 : 400, target);
        assert.equal(codeOf(answer), 'upgrade_not_accepted');
      }
      assert.equal((await ask(proxy, 'GET', '/feed', headers)).status, 200);
    }
    const cleartext = { upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' };
    assert.equal(codeOf(await ask(proxy, 'GET', '/feed', cleartext)), 'upgrade_not_accepted');
  }
});

test('a path whose literals the service could read otherwise is refused, for the proxy forwards it as it came', async () => {
  const headers = { 'x-key': key };
  for (const proxy of [asTraefik, asCaddy]) {
    assert.equal((await ask(proxy, 'GET', '/users/@me', headers)).status, 200);
    assert.equal((await ask(proxy, 'GET', '/users/%40me')).status, 401);
    for (const target of ['/users/%40me', '/users/%2540me', '/users/@ME', '/users/1;x']) {
      const answer = await ask(proxy, 'GET', target, headers);
      assert.equal(codeOf(answer), 'target_not_acceptable', target);
    }
  }
});

test('a field that the gate would take out is refused, for the proxy forwards it to the service', async () => {
  for (const proxy of [asTraefik, asCaddy]) {
    assert.equal((await ask(proxy, 'GET', '/tiers', { 'x-tier': '5' })).status, 200);
    assert.equal((await ask(proxy, 'GET', '/tiers', { 'x-tier': '9' })).status, 400);
    for (const headers of [
      { x_tier: '9' },
      { 'x.tier': '9' },
      { 'x-tier': '5', X_Tier: '9' },
      { 'x-http-method-override': 'DELETE' },
      { x_http_method: 'DELETE' },
      { 'x-tier': '9', connection: 'x-tier' },
      { 'x-other': '9', connection: 'close, x-other' },
    ]) {
      const answer = await ask(proxy, 'GET', '/tiers', headers);
      assert.equal(codeOf(answer), 'ambiguous_request', JSON.stringify(headers));
    }
    const usual = { x_trace: '1', 'x.y': '2', connection: 'close', 'x-forwarded-for': '10.1.1.1' };
    assert.equal((await ask(proxy, 'GET', '/tiers', usual)).status, 200);
  }
});

test('the Host that counts is the one that the proxy writes', async () => {
  const hosted = await startPoorter(
    { after },
    {
      description,
      upstream: service.url,
      threads: 1,
      configuration: {
        trust,
        api: { hosts: ['api'] },
        forwardAuth: [
          { ...free, for: 'nginx' },
          { ...free, for: 'traefik' },
        ],
      },
    },
  );
  const [, nginx, traefik] = hosted.addresses;
  const nginxFields = { 'x-original-method': 'GET', 'x-original-uri': '/open' };
  const traefikFields = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/open' };
  const codes: string[] = [];
  for (const [proxy, headers] of [
    [nginx, { ...nginxFields, 'x-original-host': 'api', 'x-forwarded-host': 'forged' }],
    [nginx, { ...nginxFields, 'x-original-host': 'other', 'x-forwarded-host': 'api' }],
    [traefik, { ...traefikFields, 'x-original-host': 'forged', 'x-forwarded-host': 'api' }],
    [traefik, { ...traefikFields, 'x-original-host': 'api', 'x-forwarded-host': 'other' }],
  ] as const) {
    codes.push(codeOf(await call(`http://${proxy}/`, { headers })));
  }
  assert.deepEqual(codes, ['', 'no_such_operation', '', 'no_such_operation']);
});

test('a peer outside trust.proxies is not answered to', async () => {
  const strict = await startPoorter(
    { after },
    {
      description,
      upstream: service.url,
      threads: 1,
      configuration: {
        trust: { proxies: ['10.0.0.0/8'] },
        forwardAuth: [{ ...free, for: 'traefik' }],
      },
    },
  );
  const headers = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/open' };
  const answer = await call(`http://${strict.addresses[1]}/`, { headers });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), 'address_not_allowed');
});

// What both decide stands in hosts.cases.ts, for every host.
test('the service is told the same of a caller, by the gate as by forward-auth', async () => {
  for (const [target, headers] of [
    ['/accounts?page=1', { 'x-key': key }],
    ['/open', {}],
    ['/open', { 'x-key': key }],
  ] as [string, Record<string, string>][]) {
    assert.equal((await call(`${poorter.url}${target}`, { headers })).status, 200);
    const direct = claimsOfToken(service.last().headers['poorter-identity']);
    assert.ok(direct !== null);
    for (const proxy of [asTraefik, asCaddy, asNginx]) {
      assert.deepEqual(claimsOf(await ask(proxy, 'GET', target, headers)), direct);
    }
  }
});

function claimsOf(answer: Answer): object | null {
  return claimsOfToken(answer.headers['poorter-identity'] ?? null);
}

function claimsOfToken(token: string | string[] | null | undefined): object | null {
  if (typeof token !== 'string') return null;
  const { iat: _iat, exp: _exp, ...claims } = decodeJwt(token);
  return claims;
}

/** The first server of the guide with the lines of the second block in its locations, and those beside them. */
function joinedServer(port: number, poorterAddress: string): string {
  const more = [
    ...block('nginx', '@refused').matchAll(/^ {2}location (.+) \{\n([\s\S]*?)^ {2}\}/gm),
  ];
  let server = block('nginx', 'server {');
  for (const [whole, name, lines] of more) {
    const opening = `  location ${name} {\n`;
    server = server.includes(opening)
      ? server.replace(opening, () => opening + lines)
      : server.replace(/\}\s*$/, () => `${whole}\n}\n`);
  }
  return server
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8090', poorterAddress)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${service.port}`);
}

test('behind nginx every field of a refusal and its problem arrive exactly once, as the guide says', {
  skip,
}, async (t) => {
  const schemes = {
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    basic: { type: 'http', scheme: 'basic' },
  };
  const paths = {
    '/one': { get: { responses: ok } },
    '/two': { get: { security: [{ key: [] }, { basic: [] }], responses: ok } },
    '/seldom': {
      get: {
        'x-poorter': { limit: { requests: 1, per: 'hour', by: 'client' } },
        responses: ok,
      },
    },
    '/tellers': { get: { 'x-poorter': { authorize: { roles: ['teller'] } }, responses: ok } },
    '/open': { get: { security: [], responses: ok } },
  };
  const asked = await startPoorter(t, {
    description: { ...description, components: { securitySchemes: schemes }, paths },
    upstream: service.url,
    threads: 1,
    configuration: { trust, forwardAuth: [{ ...free, for: 'nginx' }] },
  });
  const ownKey = await asked.createKey('shop');
  const port = await unusedPort();
  await startNginx(t, joinedServer(port, asked.addresses[1] as string), port);
  const get = (path: string, headers: Record<string, string> = {}) =>
    call(`http://127.0.0.1:${port}`, { path, headers });
  const fieldsOf = ({ rawHeaders }: Answer, name: string) =>
    rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  const twice = ({ rawHeaders }: Answer) => {
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    const repeated = names.filter((name, at) => names.indexOf(name) !== at);
    return repeated.filter((name) => name !== 'www-authenticate');
  };
  const withKey = { 'x-key': ownKey };
  assert.equal((await get('/seldom', withKey)).status, 200);
  const before = service.seen.length;

  const refusals: [string, Record<string, string>, number, string, RegExp[]][] = [
    ['/one', {}, 401, 'credentials_required', [/^ApiKey /]],
    ['/one', { 'x-key': 'wrong' }, 401, 'credentials_invalid', [/^ApiKey /]],
    ['/two', {}, 401, 'credentials_required', [/^ApiKey /, /^Basic /]],
    ['/seldom', withKey, 403, 'rate_limited', []],
    ['/tellers', withKey, 403, 'role_required', []],
    ['/nowhere', withKey, 403, 'no_such_operation', []],
    ['/open', { upgrade: 'websocket' }, 403, 'upgrade_not_accepted', []],
  ];
  for (const [path, headers, status, code, challenges] of refusals) {
    const answer = await get(path, headers);
    const said = `${path} ${answer.status} ${answer.rawHeaders.join('|')} ${answer.text}`;
    assert.equal(answer.status, status, said);
    assert.equal(codeOf(answer), code, said);
    assert.deepEqual(fieldsOf(answer, 'content-type'), ['application/problem+json'], said);
    const found = fieldsOf(answer, 'www-authenticate');
    assert.equal(found.length, challenges.length, said);
    for (const [at, challenge] of challenges.entries())
      assert.match(found[at] as string, challenge);
    assert.equal(fieldsOf(answer, 'retry-after').length, code === 'rate_limited' ? 1 : 0, said);
    assert.equal(fieldsOf(answer, 'poorter-identity').length, 0, said);
    assert.deepEqual(twice(answer), [], said);
  }
  assert.equal(service.seen.length, before);
});
