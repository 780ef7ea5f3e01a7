import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { compileOriginalCall, Gate, type GatePorts, VerifiedTokens } from '@poorter/engine';
import { readExtension } from '@poorter/engine/configuration';
import { compileApi } from '@poorter/openapi';
import { type AnsweredPreflight, protect } from './index.ts';

/** The engine in front of a node:http handler: what the handler is left to see. */

const APP = 'https://app.example';
const responses = { 200: { description: 'ok' } };
const FORM = 'application/x-www-form-urlencoded';
const BYTES = 'application/octet-stream';
const content = {
  [FORM]: { schema: { type: 'object', properties: { note: { type: 'string' } } } },
  [BYTES]: { schema: { type: 'string', format: 'binary' } },
  'application/json': {},
};
const compiled = compileApi(
  {
    uri: 'file:///api.yaml',
    text: JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Things', version: '1' },
      security: [],
      'x-poorter': { cors: { origins: [APP] } },
      paths: {
        '/users/{id}': { get: { responses } },
        '/users/@me': { get: { responses } },
        '/notes': { post: { requestBody: { required: true, content }, responses } },
      },
    }),
  },
  { read: () => '', readExtension, strictProperties: false },
);
assert.ok(compiled.ok);

const unlimited = () => assert.fail('nothing is limited');
const counters: GatePorts['counters'] = {
  take: unlimited,
  peek: unlimited,
  count: unlimited,
  lease: unlimited,
  release: unlimited,
};
const gate = new Gate(
  {
    version: 1,
    apis: [
      {
        name: 'things',
        compiled: compiled.api,
        hosts: [],
        mode: 'enforce',
        response: 'report',
        limits: {},
        bodyBytesMax: 1_000,
        jsonBounds: { depthMax: 10, itemsMax: 100, stringLengthMax: 1_000 },
        identityAudience: 'things',
        resourceMetadataUrl: null,
      },
    ],
    network: { allow: [], deny: [] },
    keys: [],
    issuers: [],
    issuerKeys: {},
    revoked: [],
    failureBudget: null,
    staleAfterMs: 60_000,
    capacity: 100,
  },
  {
    counters,
    identitySigner: null,
    unknownKeyId: () => undefined,
    verifiedTokens: new VerifiedTokens(),
    controlSilentMs: () => 0,
    inFlight: () => 0,
  },
);

let places = 0;
const seen: string[] = [];
const preflights: AnsweredPreflight[] = [];
const guard = protect({
  gate: () => gate,
  head: {
    headerBytes: 8_192,
    headerCount: 64,
    targetBytes: 1_024,
    allowEncodedSlash: false,
    originalCallOf: compileOriginalCall([]),
  },
  readsAroundFaults: true,
  now: () => 0,
  nextId: () => 'call',
  reserve: () => {
    places++;
    return true;
  },
  refused: () => places--,
  preflight: (call) => {
    places--;
    preflights.push(call);
  },
});
const server = createServer((native, response) => {
  void guard(native, response, (call) => {
    places--;
    call.end();
    seen.push(native.url ?? '');
    response.end(String(call.body?.length));
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());

function ask(path: string, method = 'GET', headers: Record<string, string> = {}) {
  const { port } = server.address() as AddressInfo;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => resolve(answer.resume()));
    outgoing.end();
  });
}

test('the service routes by the target that was decided, not by another spelling of it', async () => {
  for (const [target, decided] of [
    ['/users/%40me?', '/users/@me'],
    ['/x/..//users/%40m%65', '/users/@me'],
    ['/users/%40you', '/users/%40you'],
  ] as const) {
    assert.equal((await ask(target)).statusCode, 200);
    assert.equal(seen.at(-1), decided);
  }
  assert.equal((await ask('/users/ME')).statusCode, 200);
  assert.equal((await ask('/users/@ME')).statusCode, 400);
  assert.equal((await ask('/users/1;x')).statusCode, 400);
});

test('a form without fields and a file without bytes reach a handler', async () => {
  for (const framing of [{ 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]) {
    const sent = (type: string) => ask('/notes', 'POST', { 'content-type': type, ...framing });
    assert.equal((await sent(FORM)).statusCode, 200);
    assert.equal((await sent(BYTES)).statusCode, 200);
    assert.equal((await sent('application/json')).statusCode, 400);
  }
});

test('a preflight is answered here, told to the service, and gives its place back', async () => {
  const before = seen.length;
  const asked = { origin: APP, 'access-control-request-method': 'GET' };
  const answer = await ask('/users/1', 'OPTIONS', asked);
  assert.equal(answer.statusCode, 204);
  assert.equal(answer.headers['access-control-allow-origin'], APP);
  assert.equal(answer.headers['access-control-allow-methods'], 'GET, HEAD');
  assert.equal(preflights.at(-1)?.operation, 'GET /users/{id}');
  const foreign = await ask('/users/1', 'OPTIONS', { ...asked, origin: 'https://evil.example' });
  assert.equal(foreign.statusCode, 403);
  assert.equal(seen.length, before);
  assert.equal(places, 0);
});

test('an upgrade to which nobody listens is a plain call, as HTTP allows', async () => {
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAM',
  };
  assert.equal((await ask('/users/1', 'GET', headers)).statusCode, 200);
});
