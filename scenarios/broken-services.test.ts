import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { request, things } from './world/things.fixture.ts';

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const reset = (socket: Socket) => socket.resetAndDestroy();

/** What a service may do to a call, by the last segment of its path. */
const MISDEEDS: Readonly<Record<string, { act: (socket: Socket) => void; status: number | null }>> =
  {
    'resets-at-once': { act: reset, status: 502 },
    'closes-at-once': { act: (socket) => socket.end(), status: 502 },
    'answers-garbage': { act: (socket) => socket.end('GARBAGE\r\n\r\n'), status: 502 },
    'answers-http-2': { act: (socket) => socket.end('\0\0\x12\x04\0\0\0\0\0'), status: 502 },
    'never-answers': { act: () => undefined, status: 504 },
    'answers-half-a-head': {
      act: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-'),
      status: 504,
    },
    'answers-both-framings': {
      act: (socket) =>
        socket.end(
          `${JSON_HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
        ),
      status: 502,
    },
    'folds-a-field': {
      act: (socket) => socket.end(`${JSON_HEAD}X-A: b\r\n c\r\n\r\n{}`),
      status: 502,
    },
    'hides-a-nul': {
      act: (socket) => socket.end(`${JSON_HEAD}X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}`),
      status: 502,
    },
    'sends-a-large-head': {
      act: (socket) => socket.end(`${JSON_HEAD}X-A: ${'b'.repeat(99_999)}\r\n\r\n`),
      status: 502,
    },
    'resets-in-mid-answer': {
      act: (socket) => {
        socket.write(`${JSON_HEAD}Content-Length: 500000\r\n\r\n${' '.repeat(200_000)}`);
        setTimeout(() => reset(socket), 100);
      },
      status: null,
    },
    'stops-in-mid-answer': {
      act: (socket) =>
        socket.write(`${JSON_HEAD}Content-Length: 500000\r\n\r\n${' '.repeat(200_000)}`),
      status: null,
    },
    'sends-too-little': {
      // Short enough to be had whole first: the caller gets a plain refusal, not half an answer.
      act: (socket) => socket.end(`${JSON_HEAD}Content-Length: 9\r\n\r\n{}`),
      status: 502,
    },
  };

test('whatever a service does, its caller hears of it and one record tells', async (t) => {
  const service = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (head) => {
      const misdeed = /\/things\/([a-z0-9-]+) /.exec(head.toString('latin1'))?.[1] ?? '';
      MISDEEDS[misdeed]?.act(socket);
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => service.close());
  const poorter = await startPoorter(t, {
    description: things,
    upstream: 'http://127.0.0.1:1',
    configuration: {
      api: {
        upstream: {
          targets: [`http://127.0.0.1:${(service.address() as AddressInfo).port}`],
          headTimeoutMs: 700,
          idleTimeoutMs: 700,
        },
      },
    },
  });
  let recorded = 0;
  for (const [misdeed, { status }] of Object.entries(MISDEEDS)) {
    await t.test(`a service that ${misdeed.replaceAll('-', ' ')}`, async () => {
      const exchange = await sendRaw(poorter.port, request('GET', `/things/${misdeed}`), {
        answers: 1,
      });
      const records = (await poorter.awaitRecords(recorded + 1)).slice(recorded);
      recorded += records.length;
      assert.equal(records.length, 1);
      assert.equal(records[0]?.['decision'], 'failed');
      assert.notEqual(records[0]?.['code'], 'internal_fault', JSON.stringify(records[0]));
      if (status === null) {
        // The head was out: only a broken connection can tell that the rest is missing.
        assert.deepEqual(exchange.answers, []);
        assert.ok(exchange.wasClosed);
      } else {
        assert.equal(exchange.answers[0]?.status, status);
        assert.equal(exchange.answers[0]?.headers['content-type'], 'application/problem+json');
      }
    });
  }
  assert.equal((await poorter.records()).length, recorded);
});
