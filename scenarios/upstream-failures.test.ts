import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, codeOf, eventually } from './world/calls.fixture.ts';
import { makeAuthority } from './world/certificates.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { type Service, startService, startStreamingService } from './world/service.fixture.ts';
import { unusedPort } from './world/unused-port.fixture.ts';

const ok = { 200: { description: 'ok', content: { 'application/json': {} } } };
const requestBody = { content: { 'application/json': {} } };
/** One API for each kind of service: its server path is its name. */
const describe = (name: string) => ({
  openapi: '3.1.0',
  info: { title: name, version: '1' },
  security: [],
  paths: {
    [`/${name}`]: {
      get: { responses: ok },
      post: { requestBody, responses: ok },
    },
  },
});

const authority = makeAuthority({ after });
const foreign = makeAuthority({ after }, 'Foreign Authority');
const names = 'DNS:inner.example';
const secure = authority.issue('/CN=inner', { names });
const gateCertificate = authority.issue('/CN=gate');
let shownName = '';
const secureService = await startService({ after }, undefined, {
  tls: {
    cert: secure.certificate,
    key: secure.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: true,
    SNICallback: (name, done) => {
      shownName = name;
      done(null);
    },
  },
});
const selfSigned = foreign.issue('/CN=inner', { names });
const foreignService = await startService({ after }, undefined, {
  tls: { cert: selfSigned.certificate, key: selfSigned.key },
});
const wrongName = authority.issue('/CN=inner', { names: 'DNS:other.example' });
const misnamedService = await startService({ after }, undefined, {
  tls: { cert: wrongName.certificate, key: wrongName.key },
});

const alive = await startService({ after });
const revived = await unusedPort();
const silent = await startService({ after }, () => undefined);
const stalling = await startStreamingService({ after }, (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '200000' });
  response.write('['.padEnd(100_000));
});
const garbage = await startRaw('this is not HTTP\r\n\r\n');
const shortened = await startRaw(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}',
);
const smuggled = await startRaw(
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
);
const unheardOf = await startRaw('HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\n{}');
const enormous = await startRaw(`HTTP/1.1 200 OK\r\nX-Big: ${'a'.repeat(100_000)}\r\n\r\n`);
const dying = await startDyingService();
const keeping = await startService({ after });

const tls = {
  authorities: ['./ca.pem'],
  certificate: './gate.pem',
  key: './gate.key',
  serverName: 'inner.example',
};
const upstreams: Record<string, object | string> = {
  secure: { targets: [secureService.url], tls },
  foreign: { targets: [foreignService.url], tls },
  misnamed: { targets: [misnamedService.url], tls },
  untrusted: secureService.url,
  pair: {
    targets: [`http://127.0.0.1:${revived}`, alive.url],
    failuresBeforeRest: 1,
    restMs: 1_000,
  },
  silent: { targets: [silent.url], headTimeoutMs: 300 },
  stalling: { targets: [stalling.url], idleTimeoutMs: 300 },
  unreachable: `http://127.0.0.1:${await unusedPort()}`,
  garbage: garbage.url,
  shortened: shortened.url,
  smuggled: smuggled.url,
  'unheard-of': unheardOf.url,
  enormous: enormous.url,
  dying: dying.url,
  based: `${keeping.url}/base/v2/`,
  keeping: { targets: [keeping.url], preserveHost: true },
};
const poorter = await startPoorter(
  { after },
  {
    description: {},
    upstream: '',
    threads: 1,
    configuration: {
      apis: Object.entries(upstreams).map(([name, upstream]) => ({
        spec: `./${name}.yaml`,
        upstream,
      })),
    },
    files: {
      'ca.pem': authority.certificate,
      'gate.pem': gateCertificate.certificate,
      'gate.key': gateCertificate.key,
      ...Object.fromEntries(
        Object.keys(upstreams).map((name) => [`${name}.yaml`, JSON.stringify(describe(name))]),
      ),
    },
  },
);
const get = (name: string, headers = {}) => call(`${poorter.url}/${name}`, { headers });
const post = (name: string) =>
  call(`${poorter.url}/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"pay":1}',
  });

test('the service is verified by its authority and name, and sees the certificate of the gate', async () => {
  assert.equal((await get('secure')).status, 200);
  assert.equal(shownName, 'inner.example');
});

test('a service that another authority vouches for, or by another name, is not spoken to', async () => {
  for (const name of ['foreign', 'misnamed', 'untrusted']) {
    assert.equal(codeOf(await get(name)), 'upstream_unreachable', name);
  }
  assert.equal(foreignService.seen.length + misnamedService.seen.length, 0);
  let reasons: readonly string[] = [];
  await eventually('three records', async () => {
    const asked = ['log', 'search', '--code', 'upstream_unreachable', '--json'];
    const { out } = await poorterHere([...asked, '--data', `${poorter.folder}/data`]);
    reasons = out.trim().split('\n').filter(Boolean).map(reasonIn);
    return reasons.length === 3;
  });
  const named = reasons.filter((reason) => reason.endsWith('apis[].upstream.tls.authorities'));
  assert.equal(named.length, 2, 'what is wrong stands in the record, and where to mend it');
  assert.equal(reasons.filter((reason) => reason.includes('is for another name')).length, 1);
});

function reasonIn(line: string): string {
  const { leaf } = JSON.parse(line) as { leaf: { evidence: { reason?: unknown } } };
  return String(leaf.evidence.reason);
}

test('a service that does not answer in time is a 504', async () => {
  const answer = await get('silent');
  assert.equal(answer.status, 504);
  assert.equal(codeOf(answer), 'upstream_timeout');
});

test('an answer that stalls is cut off, never passed for a whole one', async () => {
  const started = Date.now();
  await assert.rejects(get('stalling'), /aborted|hang up|ECONNRESET/);
  assert.ok(Date.now() - started < 30_000, 'by its own bound and not by that of others');
  const [record] = await poorter.awaitRecords(1, ({ path }) => path === '/stalling');
  assert.equal(record?.['decision'], 'failed');
  assert.equal(record?.['code'], 'upstream_timeout');
});

test('a service that cannot be reached is a 502, told without its address', async () => {
  const answer = await get('unreachable');
  assert.equal(answer.status, 502);
  assert.equal(codeOf(answer), 'upstream_unreachable');
  assert.doesNotMatch(answer.text, /127\.0\.0\.1|ECONNREFUSED/);
});

test('an answer that is not HTTP, contradicts itself or has no end to its head is a 502', async () => {
  for (const name of ['garbage', 'smuggled', 'unheard-of', 'enormous']) {
    const answer = await get(name);
    assert.equal(codeOf(answer), 'upstream_invalid', `${name}: ${answer.status} ${answer.text}`);
  }
  const short = await get('shortened');
  assert.equal(short.status, 502, short.text);
});

test('a GET is repeated when a kept connection turns out dead; a POST is not', async () => {
  assert.equal((await get('dying')).status, 200);
  const before = dying.requests();
  assert.equal((await get('dying')).status, 200);
  assert.equal(dying.requests(), before + 2, 'asked on the dead connection, then on a new one');
  const answer = await post('dying');
  assert.equal(answer.status, 502);
  assert.equal(dying.bodies(), 1, 'the payment was sent once');
});

test('with one target dead every call succeeds; it rests, and returns when it lives again', async () => {
  for (let round = 0; round < 10; round++) {
    assert.equal((await get('pair')).status, 200);
    assert.equal((await post('pair')).status, 200, 'nothing was sent to the dead one');
  }
  const back: Service = await startService({ after }, undefined, { port: revived });
  assert.equal((await get('pair')).status, 200);
  assert.equal(back.seen.length, 0, 'it rests');
  await sleep(1_050);
  for (let round = 0; round < 4; round++) await get('pair');
  assert.ok(back.seen.length >= 1, 'it is asked again');
});

test("the caller's Host is sent on only where the configuration says so", async () => {
  await get('keeping', { host: 'shop.example' });
  assert.equal(keeping.last().headers.host, 'shop.example');
  await get('pair', { host: 'shop.example' });
  assert.notEqual(alive.last().headers.host, 'shop.example');
});

test('the path of a target stands before the path of the call', async () => {
  assert.equal((await get('based')).status, 200);
  assert.equal(keeping.last().target, '/base/v2/based');
});

async function startRaw(answer: string) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  return { url: await listening(server, sockets) };
}

/** Answers the first request of a connection, and drops the connection when a second one comes. */
async function startDyingService() {
  const sockets = new Set<Socket>();
  let requests = 0;
  let bodies = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    let isUsed = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (/^[A-Z]+ \//.test(text)) requests++;
      if (text.includes('{"pay":1}')) bodies++;
      if (isUsed || text.startsWith('POST')) return socket.destroy();
      isUsed = true;
      return socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      );
    });
  });
  return {
    url: await listening(server, sockets),
    requests: () => requests,
    bodies: () => bodies,
  };
}

async function listening(server: ReturnType<typeof createServer>, sockets: Set<Socket>) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}
