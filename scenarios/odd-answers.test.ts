import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, codeOf, eventually, openCall } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';

const ok = {
  200: { description: 'ok', content: { 'application/json': {}, 'application/octet-stream': {} } },
};
const description = {
  openapi: '3.1.0',
  info: { title: 'Odd answers', version: '1' },
  security: [],
  paths: {
    '/answers/{kind}': {
      parameters: [{ name: 'kind', in: 'path', required: true, schema: { type: 'string' } }],
      get: { responses: ok },
      head: { responses: ok },
      put: {
        requestBody: { content: { 'application/octet-stream': {} } },
        responses: { ...ok, 413: { description: 'too large' } },
      },
    },
  },
};

const json = 'Content-Type: application/json\r\n';
const answers: Readonly<Record<string, string>> = {
  'until-close': `HTTP/1.1 200 OK\r\n${json}\r\n{"a":1}`,
  'old-version': `HTTP/1.0 200 OK\r\n${json}\r\n{"a":1}`,
  interim: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n${json}Content-Length: 2\r\n\r\n{}`,
  switching: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'no-reason': `HTTP/1.1 200\r\n${json}Content-Length: 2\r\n\r\n{}`,
  'length-twice': `HTTP/1.1 200 OK\r\n${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`,
  'bad-chunk': `HTTP/1.1 200 OK\r\n${json}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n`,
  'cut-chunk': `HTTP/1.1 200 OK\r\n${json}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`,
  folded: `HTTP/1.1 200 OK\r\nX-A: b\r\n c: d\r\n${json}Content-Length: 2\r\n\r\n{}`,
  bytes: `HTTP/1.1 200 OK\r\nX-Latin: caf\xe9\r\nX-Utf: caf\xc3\xa9\r\n__proto__: x\r\nX-List: a\r\nX-List: b\r\n${json}Content-Length: 2\r\n\r\n{}`,
  'two-answers': `HTTP/1.1 200 OK\r\n${json}Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n${json}Content-Length: 10\r\n\r\n{"evil":1}`,
  'early-refusal':
    'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
};
const text = JSON.stringify('a'.repeat(16_000_000));
const LARGE = `HTTP/1.1 200 OK\r\n${json}Content-Length: ${text.length}\r\n\r\n${text}`;
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('data', (chunk) => {
    const kind = /^[A-Z]+ \/answers\/([a-z-]+)/.exec(String(chunk))?.[1] ?? '';
    if (kind === 'endless') return pourInto(socket);
    if (kind === 'large') return socket.end(LARGE);
    socket.write(answers[kind] ?? '', 'latin1');
    if (kind === 'early-refusal') socket.resume();
    else if (kind !== 'two-answers') socket.end();
    return undefined;
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});
const upstream = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
/** The system holds some 10 MB of an answer: at the pace of the slow caller, what it takes comes in portions of seconds. */
const ANSWER_IDLE_MS = 8_000;
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream,
    threads: 1,
    configuration: {
      bounds: { answerBytes: 20_000_000 },
      timeouts: { answerIdleMs: ANSWER_IDLE_MS, keepAliveMs: 3 * ANSWER_IDLE_MS },
    },
  },
);
const get = (kind: string, options = {}) => call(`${poorter.url}/answers/${kind}`, options);

test('answers that end with the connection, of HTTP/1.0, or after early hints arrive whole', async () => {
  for (const kind of ['until-close', 'old-version']) {
    const answer = await get(kind);
    assert.equal(answer.status, 200, kind);
    assert.equal(answer.text, '{"a":1}');
  }
  for (const kind of ['interim', 'no-reason']) {
    const answer = await get(kind);
    assert.equal(answer.status, 200, kind);
    assert.equal(answer.text, '{}');
  }
});

test('fields of an answer keep their bytes, their order and their number', async () => {
  const answer = await get('bytes');
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['x-latin'], 'caf\xe9');
  assert.equal(answer.headers['x-utf'], 'caf\xc3\xa9');
  assert.equal(answer.headers['x-list'], 'a, b');
});

test('an answer that contradicts itself is a 502 and never a part of one', async () => {
  for (const kind of ['switching', 'length-twice', 'bad-chunk', 'cut-chunk']) {
    const answer = await get(kind);
    assert.equal(answer.status, 502, `${kind}: ${answer.text}`);
    assert.match(codeOf(answer), /^upstream_/);
  }
});

test('a folded field is refused or unfolded, never a field of its own', async () => {
  const answer = await get('folded');
  assert.equal(answer.headers['c'], undefined);
});

test('what follows an answer unasked is never given to the next caller', async () => {
  assert.equal((await get('two-answers')).text, '{}');
  for (let round = 0; round < 3; round++) {
    const next = await get('no-reason');
    assert.equal(next.text.includes('evil'), false);
    assert.equal(next.status, 200, next.text);
  }
});

test('a refusal that comes before the upload has ended reaches the caller', async () => {
  const upload = openCall(`${poorter.url}/answers/early-refusal`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-length': 50_000_000 },
  });
  upload.on('error', () => undefined);
  const answered = new Promise<IncomingMessage | null>((resolve) => {
    upload.once('response', resolve);
    upload.once('close', () => resolve(null));
  });
  upload.write(Buffer.alloc(100_000));
  const answer = await answered;
  assert.equal(answer?.statusCode, 413);
  upload.destroy();
});

test('a caller that takes nothing of its answer is cut off, and the service let go', async () => {
  const cutOff = async (kind: string) => {
    const lazy = connect(poorter.port, '127.0.0.1');
    lazy.pause();
    lazy.on('error', () => undefined);
    lazy.write(`GET /answers/${kind} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const ended = (record: Record<string, unknown>) =>
      record['complete'] === false && Number(record['durationMs']) > ANSWER_IDLE_MS - 100;
    await eventually(`${kind} is recorded`, async () => {
      return (await poorter.records()).filter(ended).length === 2;
    });
    lazy.destroy();
  };
  await Promise.all(['endless', 'large'].map(cutOff));
  await eventually('the service is let go', () => [...sockets].every((one) => one.destroyed));
});

test('a caller that reads slowly, but reads, gets its whole answer', async () => {
  const slow = openCall(`${poorter.url}/answers/large`);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    slow.once('response', resolve).once('error', reject).end();
  });
  // Longer than a caller may take nothing; one that is behind, on a busy machine, does not wait.
  const wholeMs = 1.5 * ANSWER_IDLE_MS;
  const startedAt = performance.now();
  let received = 0;
  answer.on('data', (chunk: Buffer) => {
    received += chunk.length;
    const early = (received / text.length) * wholeMs - (performance.now() - startedAt);
    if (early <= 0) return;
    answer.pause();
    setTimeout(() => answer.resume(), early);
  });
  await once(answer, 'end');
  assert.equal(received, text.length);
});

test('a connection that had to wait for its caller is kept like any other', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  agent.on('free', (socket) => ports.add(socket.localPort));
  assert.equal((await get('large', { agent })).bytes.length, text.length);
  await sleep(ANSWER_IDLE_MS + 500);
  assert.equal((await get('interim', { agent })).status, 200);
  assert.equal(ports.size, 1);
  agent.destroy();
});

function pourInto(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n');
  const more = () => {
    while (socket.write(Buffer.alloc(65_536)));
    socket.once('drain', more);
  };
  more();
}
