import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Pool } from 'undici';
import { monotonicMs } from '../../../platform/clock/index.ts';
import { upstreamConnector } from '../connect-upstream.ts';
import { UpstreamAnswer, UpstreamError } from '../upstream-answer.ts';
import { LeanPool } from './lean-pool.ts';
import type { Question } from './question.ts';
import { canParse } from './response-parser.ts';

/** What the service writes, piece by piece, and how it ends. */
interface Script {
  readonly pieces: readonly string[];
  readonly end: 'stays' | 'ends' | 'resets';
  /** So much of the body is heard first. */
  readonly bodyBytes?: number;
}

let script: Script = { pieces: [], end: 'stays' };
let heard = '';
const sockets = new Set<Socket>();
const service = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    const isHeard = /\r\n\r\n/.test(heard) && bodyOf(heard).length >= (script.bodyBytes ?? 0);
    if (isHeard && !answered.has(socket)) void speak(socket);
  });
});
const answered = new WeakSet<Socket>();

async function speak(socket: Socket): Promise<void> {
  answered.add(socket);
  const { pieces, end } = script;
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === 'ends') socket.end();
  if (end === 'resets') socket.resetAndDestroy();
}

await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
const { port } = service.address() as AddressInfo;
after(() => {
  for (const socket of sockets) socket.destroy();
  service.close();
});

const TIMES = { connectMs: 2_000, headMs: 600, idleMs: 600 };

function openLean(more: Partial<ConstructorParameters<typeof LeanPool>[0]> = {}, connections = 1) {
  return new LeanPool(
    { host: '127.0.0.1', port, ...TIMES, headBytesMax: 65_536, now: monotonicMs, ...more },
    connections,
  );
}

function openUndici(): Pool {
  const snapshot = {
    targets: [],
    tls: { authorities: [], certificate: null, key: null, serverName: null },
    ...{ connectTimeoutMs: 2_000, headTimeoutMs: 600, idleTimeoutMs: 600, connectionsMax: 1 },
    ...{ failuresBeforeRest: 5, restMs: 1_000, preserveHost: false },
  };
  const url = new URL(`http://127.0.0.1:${port}`);
  return new Pool(url.origin, {
    ...{ connections: 1, pipelining: 1, connect: upstreamConnector(url, snapshot) },
    ...{ headersTimeout: TIMES.headMs, bodyTimeout: TIMES.idleMs, maxHeaderSize: 65_536 },
    strictContentLength: true,
  });
}

const question = (more: Partial<Question> = {}): Question => ({
  ...{ method: 'GET', path: '/x', host: 'service.example', headers: ['a', 'b'], body: null },
  ...{ streamBytes: undefined, isStreamingAnswer: false, ...more },
});

type Client = (asked: Question) => Promise<UpstreamAnswer>;

async function overLean(work: (client: Client) => Promise<unknown>): Promise<unknown> {
  const pool = openLean();
  try {
    return await work((asked) => UpstreamAnswer.ask(pool, asked, () => undefined));
  } finally {
    for (const socket of sockets) socket.destroy();
    await pool.close();
  }
}

async function overUndici(work: (client: Client) => Promise<unknown>): Promise<unknown> {
  const pool = openUndici();
  const client: Client = ({ method, path, host, headers, body, streamBytes }) =>
    UpstreamAnswer.dispatch(
      pool,
      {
        path,
        method: method as 'GET',
        headers: [
          ...[...headers, 'host', host],
          ...(streamBytes === undefined ? [] : ['content-length', String(streamBytes)]),
        ],
        body,
        headersTimeout: TIMES.headMs,
      },
      () => undefined,
    );
  try {
    return await work(client);
  } finally {
    await pool.destroy();
  }
}

/** All that a caller could learn. */
async function outcome(client: Client, asked: Question): Promise<unknown> {
  try {
    const answer = await client(asked);
    const { status } = answer;
    const names = new Map<string, string[]>();
    for (let at = 0; at < answer.headers.length; at += 2) {
      const name = answer.headers[at] as string;
      names.set(name, [...(names.get(name) ?? []), answer.headers[at + 1] as string]);
    }
    const headers = [...names].toSorted();
    let body = '';
    try {
      for (let piece = await answer.read(); piece !== null; piece = await answer.read()) {
        body += piece.toString('latin1');
      }
    } catch (error) {
      return { status, headers, body, cut: (error as UpstreamError).failure };
    }
    return { status, headers, body, trailers: answer.trailers };
  } catch (error) {
    assert.ok(error instanceof UpstreamError, String(error));
    return { failure: error.failure, nothingSent: error.nothingSent };
  }
}

async function both(from: Script, asked: Question = question()): Promise<[unknown, unknown]> {
  const once = async (over: typeof overLean) => {
    script = from;
    heard = '';
    return over((client) => outcome(client, asked));
  };
  return [await once(overLean), await once(overUndici)];
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const MESSAGES: readonly (readonly [text: string, end: Script['end'], method?: string])[] = [
  [`${HEAD}Content-Length: 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Content-Length: 5\r\n\r\nhello`, 'stays', 'HEAD'],
  [`${HEAD}Content-Length: 5\r\n\r\n`, 'stays', 'HEAD'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, 'stays', 'HEAD'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'stays'],
  [
    `${HEAD}Transfer-Encoding: chunked\r\nTrailer: T\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: 1\r\nU: 2\r\n\r\n`,
    'stays',
  ],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, 'ends'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, 'resets'],
  [`${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'stays'],
  [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`, 'stays'],
  [`${HEAD}Transfer-Encoding: gzip\r\n\r\nab`, 'ends'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'ends'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'resets'],
  [`${HEAD}Content-Length: 5\r\n\r\nhel`, 'stays'],
  [`${HEAD}Content-Length: 5, 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: -5\r\n\r\nhello`, 'stays'],
  [`${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'stays'],
  [`${HEAD}\r\nuntil the end`, 'ends'],
  [`${HEAD}\r\nuntil the end`, 'resets'],
  [`${HEAD}\r\n`, 'stays'],
  ['HTTP/1.0 200 OK\r\n\r\nold', 'ends'],
  ['HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', 'stays'],
  ['HTTP/1.1 204 No Content\r\n\r\n', 'stays'],
  ['HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc', 'stays'],
  ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'stays'],
  ['HTTP/1.1 204\r\n\r\n', 'stays'],
  ['HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n', 'stays'],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na', 'stays'],
  [
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na',
    'stays',
  ],
  ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', 'ends'],
  ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', 'stays'],
  ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw', 'stays'],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 'stays'],
  ['HTTP/2.0 200 OK\r\n\r\n', 'ends'],
  ['HTTP/1.1 20 OK\r\n\r\n', 'ends'],
  ['HTTP/1.1 2000 OK\r\n\r\n', 'ends'],
  ['ICY 200 OK\r\n\r\n', 'ends'],
  ['SSH-2.0-x\r\n', 'ends'],
  ['', 'ends'],
  ['', 'resets'],
  ['', 'stays'],
  ['HTTP/1.1 200 OK\n\n', 'ends'],
  [`${HEAD}A: 1\r\n B: 2\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A : 1\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A: \x01\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A: \x00\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}: 1\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}A\r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Set-Cookie: a\r\nSet-Cookie: b\r\nX: \r\nX:\t y \r\nContent-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}${'N: 1\r\n'.repeat(300)}Content-Length: 0\r\n\r\n`, 'stays'],
  [`${HEAD}Connection: close\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}Keep-Alive: timeout=1\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}X: ${'y'.repeat(70_000)}\r\nContent-Length: 1\r\n\r\na`, 'stays'],
  [`${HEAD}Content-Length: 1\r\n\r\na${HEAD}Content-Length: 4\r\n\r\nevil`, 'stays'],
  [`${HEAD}Content-Length: 1\r\n\r\nab`, 'stays'],
];

/** Where undici takes less care. */
const BETTER: readonly { text: string; end: Script['end']; lean: unknown }[] = [
  {
    // RFC 9112 §8: a connection that broke off is not the end of an answer.
    text: `${HEAD}\r\nuntil the end`,
    end: 'resets',
    lean: { status: 200, headers: [], body: 'until the end', cut: 'unreachable' },
  },
  ...['Upgrade: x\r\nConnection: upgrade\r\n\r\nraw', '\r\n'].map((rest) => ({
    text: `HTTP/1.1 101 Switching Protocols\r\n${rest}`,
    end: 'stays' as const,
    lean: { failure: 'invalid', nothingSent: false },
  })),
  {
    // RFC 9110 §5.5: blanks around a value are no part of it.
    text: `${HEAD}Set-Cookie: a\r\nSet-Cookie: b\r\nX: \r\nX:\t y \r\nContent-Length: 0\r\n\r\n`,
    end: 'stays',
    lean: {
      ...{ status: 200, body: '', trailers: [] },
      headers: [
        ['content-length', ['0']],
        ['set-cookie', ['a', 'b']],
        ['x', ['', 'y']],
      ],
    },
  },
];

/** These end with a deadline. */
const WAITS = [
  '',
  `${HEAD}Content-Length: 5\r\n\r\nhel`,
  `${HEAD}\r\n`,
  'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n',
];

test('an answer is the same over both clients, however it comes and however it ends', async () => {
  assert.ok(canParse());
  for (const [text, end, method = 'GET'] of MESSAGES) {
    const [lean, undici] = await both({ pieces: [text], end }, question({ method }));
    const better = BETTER.find((one) => one.text === text && one.end === end);
    assert.deepEqual(
      lean,
      better?.lean ?? undici,
      JSON.stringify([text.slice(0, 200), end, method]),
    );
    assert.equal(isDeepStrictEqual(lean, undici), better === undefined, 'a difference is known');
  }
});

test('an answer is the same wherever it is cut into pieces', async () => {
  const anyMessage = fc.constantFrom(...MESSAGES.filter(([text]) => text.length < 2_000));
  await fc.assert(
    fc.asyncProperty(
      anyMessage,
      fc.array(fc.nat(200), { maxLength: 12 }),
      async ([text, end, method = 'GET'], cuts) => {
        // What waits for a deadline takes its time, and has nothing to do with pieces.
        fc.pre(end !== 'stays' || !WAITS.includes(text));
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted(byNumber);
        const pieces = [0, ...places].map((from, at) => text.slice(from, places[at]));
        const asked = question({ method });
        const whole = await overLeanOnce({ pieces: [text], end }, asked);
        assert.deepEqual(await overLeanOnce({ pieces, end }, asked), whole, JSON.stringify(pieces));
      },
    ),
    { numRuns: 150 },
  );
});

const byNumber = (one: number, other: number) => one - other;

async function overLeanOnce(from: Script, asked: Question): Promise<unknown> {
  script = from;
  heard = '';
  return overLean((client) => outcome(client, asked));
}

test('what a service says behind its answer is never given to the next caller', async () => {
  const good = `${HEAD}Content-Length: 4\r\n\r\ngood`;
  for (const extra of [
    'x',
    'H',
    'HTTP/1.1 2',
    `${HEAD}X: `,
    `${HEAD}Content-Length: 4\r\n\r\nevil`,
  ]) {
    for (const pieces of [[good + extra], [good, extra], [good, '', '', extra]]) {
      script = { pieces, end: 'stays' };
      heard = '';
      const said = await overLean(async (client) => {
        const first = await outcome(client, question());
        // What comes behind the next question could be its answer: nobody can tell. What comes before it
        // ends the connection.
        await until(() => sockets.size === 0);
        script = { pieces: [good], end: 'stays' };
        heard = '';
        return [first, await outcome(client, question())];
      });
      for (const one of said as { body?: string }[]) {
        assert.equal(one.body, 'good', JSON.stringify([pieces, said]));
      }
    }
  }
});

test('a question is the same over both clients, byte for byte but for the order of its fields', async () => {
  const pieces = [`${HEAD}Content-Length: 0\r\n\r\n`];
  const text = (size: number) => Buffer.alloc(size, 'ab\xe9');
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH']) {
    const bodies = ['POST', 'PUT', 'PATCH'].includes(method)
      ? [null, text(0), text(1), text(16_384), text(16_385), text(300_000)]
      : [null];
    for (const body of bodies) {
      const texts: string[] = [];
      const path = '/a%20b?c=d&e';
      const headers = ['x', 'caf\xe9', 'y', '', 'X-Forwarded-For', '1.2.3.4'];
      const asked = question({ method, body, headers, path });
      for (const over of [overLean, overUndici]) {
        script = { pieces, end: 'stays', bodyBytes: body?.length ?? 0 };
        heard = '';
        await over((client) => outcome(client, asked));
        texts.push(sortedHead(heard));
      }
      assert.equal(texts[0], texts[1], method);
    }
  }
});

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < end);
    await sleep(5);
  }
}

const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

function sortedHead(text: string): string {
  const [first, ...fields] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  // After a HEAD, undici does not keep a connection.
  const isHead = text.startsWith('HEAD ');
  const kept = fields.filter((field) => !isHead || !field.startsWith('connection:'));
  return JSON.stringify([first, kept.toSorted(), bodyOf(text)]);
}

test('a body that streams arrives whole, in chunks or with its length, or the call fails', async () => {
  script = { pieces: [], end: 'stays' };
  const parts = Array.from({ length: 40 }, (_, at) => Buffer.alloc(10_000, String(at % 10)));
  const whole = Buffer.concat(parts).toString('latin1');
  for (const streamBytes of [undefined, whole.length]) {
    heard = '';
    const done = overLean((client) =>
      outcome(client, question({ method: 'POST', body: Readable.from(parts), streamBytes })),
    );
    await until(() => bodyOf(heard).length >= whole.length);
    if (streamBytes === undefined) {
      await until(() => heard.endsWith('\r\n0\r\n\r\n'));
      assert.equal(unchunked(bodyOf(heard)), whole);
      assert.match(heard, /transfer-encoding: chunked\r\n/);
    } else {
      assert.equal(bodyOf(heard), whole);
      assert.match(heard, new RegExp(`content-length: ${whole.length}\\r\\n`));
    }
    for (const socket of sockets) socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    assert.equal(((await done) as { body: string }).body, 'ok');
  }
  for (const streamBytes of [whole.length - 1, whole.length + 1]) {
    const failed = await overLean((client) =>
      outcome(client, question({ method: 'POST', body: Readable.from(parts), streamBytes })),
    );
    assert.deepEqual(failed, { failure: 'unreachable', nothingSent: false }, String(streamBytes));
  }
  const broken = new Readable({ read: () => undefined });
  broken.push('ab');
  setImmediate(() => broken.destroy(new Error('the caller left')));
  const failed = await overLean((client) =>
    outcome(client, question({ method: 'POST', body: broken })),
  );
  assert.equal((failed as { failure: string }).failure, 'unreachable');
});

function unchunked(text: string): string {
  let whole = '';
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (size === 0) return whole;
    whole += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

test('nothing that would begin another line or another request is sent', async () => {
  script = { pieces: [`${HEAD}Content-Length: 0\r\n\r\n`], end: 'stays' };
  for (const more of [
    ...['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', 'a\u010ab', 'a\u0a0db', 'a\x7f'].flatMap((value) => [
      { headers: ['x', value] },
      { host: value },
    ]),
    ...['x y', 'x:', 'x\r\n', '', 'x\u010a'].map((name) => ({ headers: [name, 'a'] })),
    ...['/a b', '/a\r\nb', '', '/\u010a'].map((path) => ({ path })),
    ...['G ET', '', 'GET\r\n'].map((method) => ({ method })),
  ]) {
    heard = '';
    const failed = await overLean((client) => outcome(client, question(more)));
    assert.deepEqual(failed, { failure: 'unreachable', nothingSent: true }, JSON.stringify(more));
    assert.equal(heard, '');
  }
});

test('no more connections than there may be; whoever waits for one has an answer, or a deadline', async () => {
  let open = 0;
  let most = 0;
  const busy = createHttpServer((_, answer) => setTimeout(() => answer.end('ok'), 3));
  busy.on('connection', (socket) => {
    most = Math.max(most, ++open);
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  after(() => busy.close());
  const many = openLean({ port: (busy.address() as AddressInfo).port, headMs: 60_000 }, 3);
  const asked = Array.from({ length: 60 }, () =>
    outcome((one) => UpstreamAnswer.ask(many, one, () => undefined), question()),
  );
  for (const one of await Promise.all(asked)) assert.equal((one as { body: string }).body, 'ok');
  assert.equal(most, 3);
  await many.close();

  const pool = openLean({}, 3);
  script = { pieces: [], end: 'stays' };
  const outcomes = await Promise.all(
    Array.from({ length: 9 }, () =>
      outcome((one) => UpstreamAnswer.ask(pool, one, () => undefined), question()),
    ),
  );
  for (const one of outcomes) assert.equal((one as { failure: string }).failure, 'timeout');
  // One that left its place in line does not come back.
  const held = Array.from({ length: 3 }, () =>
    outcome((one) => UpstreamAnswer.ask(pool, one, () => undefined), question()),
  );
  let waiting: UpstreamAnswer | null = null;
  const left = UpstreamAnswer.ask(pool, question(), (answer) => {
    waiting = answer;
  });
  (waiting as UpstreamAnswer | null)?.abort();
  await assert.rejects(left, { failure: 'aborted' });
  await Promise.all(held);
  await pool.close();
  assert.equal(sockets.size <= 3, true);
});

test('a connection is not used longer than its service says that it keeps it', async () => {
  const used = new Set<unknown>();
  let kept = '';
  const server = createHttpServer((asked, answer) => {
    used.add(asked.socket);
    answer.setHeader('connection', 'keep-alive').setHeader('keep-alive', kept).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  let nowMs = 0;
  const pool = openLean({ port: (server.address() as AddressInfo).port, now: () => nowMs });
  const askAfter = async (ms: number) => {
    nowMs += ms;
    const before = used.size;
    await outcome((one) => UpstreamAnswer.ask(pool, one, () => undefined), question());
    return used.size > before ? 'another' : 'the same';
  };
  for (const [header, ms, expected] of [
    ['timeout=20', 0, 'another'],
    ['timeout=20', 18_000, 'the same'],
    ['timeout=20', 1_000, 'the same'],
    ['timeout=20', 19_001, 'another'],
    ['timeout=1', 0, 'the same'],
    ['timeout=1', 1, 'another'],
    ['max=5', 0, 'another'],
    ['max=5', 4_000, 'the same'],
    ['', 4_001, 'another'],
  ] as const) {
    kept = header;
    assert.equal(await askAfter(ms), expected, `${header} ${ms}`);
  }
  await pool.close();
});

test('a service that nobody listens for is told apart from one that may have heard', async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port: unused } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const pool = openLean({ port: unused });
  const refused = await outcome(
    (one) => UpstreamAnswer.ask(pool, one, () => undefined),
    question(),
  );
  assert.deepEqual(refused, { failure: 'unreachable', nothingSent: true });
  await pool.close();
  script = { pieces: [], end: 'resets' };
  assert.deepEqual(await overLean((client) => outcome(client, question())), {
    ...{ failure: 'unreachable', nothingSent: false },
  });
});

test('a service is waited for while it takes what is sent, and no longer', async () => {
  script = { pieces: [], end: 'stays' };
  const slow = new Readable({ read: () => undefined });
  const pieces = setInterval(() => slow.push('x'), 100);
  const startedAt = performance.now();
  const asked = overLean((client) =>
    outcome(client, question({ method: 'POST', body: slow, streamBytes: undefined })),
  );
  await sleep(2_000);
  clearInterval(pieces);
  slow.push(null);
  assert.deepEqual(await asked, { failure: 'timeout', nothingSent: false });
  assert.ok(performance.now() - startedAt > 2_000 + TIMES.headMs - 50);
});

test('an answer is taken no faster than its reader takes it', async () => {
  const size = 4_000_000;
  script = {
    pieces: [`${HEAD}Content-Length: ${size}\r\n\r\n`, ...Array(40).fill('x'.repeat(size / 40))],
    end: 'stays',
  };
  heard = '';
  await overLean(async (client) => {
    const answer = await client(question());
    // Longer than the service may be silent: it is not its silence.
    await sleep(TIMES.idleMs * 2);
    assert.ok(answer.queuedBytes < 200_000, String(answer.queuedBytes));
    let length = 0;
    for (let piece = await answer.read(); piece !== null; piece = await answer.read()) {
      length += piece.length;
    }
    assert.equal(length, size);
  });
});
