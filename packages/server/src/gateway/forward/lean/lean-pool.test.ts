import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UpstreamAnswer } from '../upstream-answer.ts';
import {
  bodyOf,
  HEAD,
  openLean,
  outcome,
  overLean,
  question,
  service,
  TIMES,
  until,
} from './scripted-service.fixture.ts';

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
      service.script = { pieces, end: 'stays' };
      service.heard = '';
      const said = await overLean(async (client) => {
        const first = await outcome(client, question());
        // What comes behind the next question could be its answer: nobody can tell. What comes before it
        // ends the connection.
        await until(() => service.sockets.size === 0);
        service.script = { pieces: [good], end: 'stays' };
        service.heard = '';
        return [first, await outcome(client, question())];
      });
      for (const one of said as { body?: string }[]) {
        assert.equal(one.body, 'good', JSON.stringify([pieces, said]));
      }
    }
  }
});

test('a body that streams arrives whole, in chunks or with its length, or the call fails', async () => {
  service.script = { pieces: [], end: 'stays' };
  const parts = Array.from({ length: 40 }, (_, at) => Buffer.alloc(10_000, String(at % 10)));
  const whole = Buffer.concat(parts).toString('latin1');
  for (const streamBytes of [undefined, whole.length]) {
    service.heard = '';
    const done = overLean((client) =>
      outcome(client, question({ method: 'POST', body: Readable.from(parts), streamBytes })),
    );
    await until(() => bodyOf(service.heard).length >= whole.length);
    if (streamBytes === undefined) {
      await until(() => service.heard.endsWith('\r\n0\r\n\r\n'));
      assert.equal(unchunked(bodyOf(service.heard)), whole);
      assert.match(service.heard, /transfer-encoding: chunked\r\n/);
    } else {
      assert.equal(bodyOf(service.heard), whole);
      assert.match(service.heard, new RegExp(`content-length: ${whole.length}\\r\\n`));
    }
    for (const socket of service.sockets) socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    const answered = await done;
    assert.equal((answered as { body: string }).body, 'ok', JSON.stringify(answered));
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
  service.script = { pieces: [`${HEAD}Content-Length: 0\r\n\r\n`], end: 'stays' };
  for (const more of [
    ...['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', 'a\u010ab', 'a\u0a0db', 'a\x7f'].flatMap((value) => [
      { headers: ['x', value] },
      { host: value },
    ]),
    ...['x y', 'x:', 'x\r\n', '', 'x\u010a'].map((name) => ({ headers: [name, 'a'] })),
    ...['/a b', '/a\r\nb', '', '/\u010a'].map((path) => ({ path })),
    ...['G ET', '', 'GET\r\n'].map((method) => ({ method })),
  ]) {
    service.heard = '';
    const failed = await overLean((client) => outcome(client, question(more)));
    assert.deepEqual(failed, { failure: 'unreachable', nothingSent: true }, JSON.stringify(more));
    assert.equal(service.heard, '');
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
  service.script = { pieces: [], end: 'stays' };
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
  assert.equal(service.sockets.size <= 3, true);
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
  service.script = { pieces: [], end: 'resets' };
  assert.deepEqual(await overLean((client) => outcome(client, question())), {
    ...{ failure: 'unreachable', nothingSent: false },
  });
});

test('a service is waited for while it takes what is sent, and no longer', async () => {
  service.script = { pieces: [], end: 'stays' };
  const slow = new Readable({ read: () => undefined });
  const pieces = setInterval(() => slow.push('x'), 100);
  const startedAt = performance.now();
  const asked = overLean(
    (client) => outcome(client, question({ method: 'POST', body: slow, streamBytes: undefined })),
    TIMES,
  );
  await sleep(2_000);
  clearInterval(pieces);
  slow.push(null);
  assert.deepEqual(await asked, { failure: 'timeout', nothingSent: false });
  assert.ok(performance.now() - startedAt > 2_000 + TIMES.headMs - 50);
});

test('an answer is taken no faster than its reader takes it', async () => {
  const size = 4_000_000;
  service.script = {
    pieces: [`${HEAD}Content-Length: ${size}\r\n\r\n`, ...Array(40).fill('x'.repeat(size / 40))],
    end: 'stays',
  };
  service.heard = '';
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
  }, TIMES);
});
