import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually } from './world/calls.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { parseAnswers, sendRaw } from './world/raw-client.fixture.ts';
import { HEAD, JSON_TYPE, request, things } from './world/things.fixture.ts';

let service: Server;
let poorter: RunningPoorter;
const ends: (() => unknown)[] = [];

before(async () => {
  service = createServer((incoming, answer) => {
    const isSlow = incoming.url === '/things/slow';
    incoming.on('error', () => undefined).resume();
    answer.setHeader('content-type', 'application/json');
    incoming.on('end', () => setTimeout(() => answer.end('{}'), isSlow ? 400 : 0));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const upstream = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  poorter = await startPoorter(
    { after: (end) => void ends.push(end) },
    { description: things, upstream, threads: 1 },
  );
});

after(async () => {
  for (const end of ends) await end();
  service.closeAllConnections();
  service.close();
});

/** The records since, once at least so many stand and nothing more follows. */
async function added(before: number, owed: number) {
  await poorter.awaitRecords(before + owed);
  return (await poorter.records()).slice(before);
}

const SLOW = request('GET', '/things/slow');
const HANDSHAKE =
  'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

for (const [what, second] of Object.entries({
  'a CONNECT': `CONNECT things.example:443 HTTP/1.1\r\n${HEAD}\r\n`,
  'a WebSocket handshake': request('GET', '/things', HANDSHAKE),
  'a head that is not HTTP': 'G@T / HTTP/1.1\r\n\r\n',
})) {
  test(`${what} sent behind an unanswered call ends that connection, not the thread`, async () => {
    const before = (await poorter.records()).length;
    const other = sendRaw(poorter.port, SLOW, { answers: 1 });
    const { answers, wasClosed } = await sendRaw(poorter.port, SLOW + second);
    assert.deepEqual({ answers, wasClosed }, { answers: [], wasClosed: true });
    assert.equal((await other).answers[0]?.status, 200);
    assert.equal((await added(before, 3)).length, 3);
    assert.deepEqual(poorter.notices('thread_ended'), []);
  });
}

test('calls that wait behind another are recorded and give up their places when the caller leaves', async () => {
  const before = (await poorter.records()).length;
  const pipelined = SLOW + request('GET', '/things').repeat(20);
  await sendRaw(poorter.port, pipelined, { timeoutMs: 200 });
  const left = await added(before, 21);
  assert.equal(left.length, 21);
  assert.ok(left.every(({ client }) => client === '127.0.0.1'));
  await eventually('no call is under way', async () => {
    const metrics = await (await fetch(`${poorter.controlUrl}/metrics`)).text();
    return /^poorter_calls_under_way\{.*\} 0$/m.test(metrics);
  });
});

const BROKEN_BODIES: Readonly<Record<string, string>> = {
  'a chunk size that is no number': '2\r\n{}\r\nzz\r\n',
  'a chunk longer than it said': '2\r\n{}..\r\n0\r\n\r\n',
  'a trailer that is no field': '2\r\n{}\r\n0\r\nno colon\r\n\r\n',
};

for (const [target, type] of [
  ['/things', 'application/json'],
  ['/streams', 'application/octet-stream'],
] as const) {
  for (const [what, body] of Object.entries(BROKEN_BODIES)) {
    test(`${what} in a body for ${target} is answered 400 and leaves one record`, async () => {
      const before = (await poorter.records()).length;
      const fields = `Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n`;
      const sent = `POST ${target} HTTP/1.1\r\n${HEAD}${fields}\r\n${body}`;
      const { answers, wasClosed } = await sendRaw(poorter.port, sent);
      assert.equal(answers.length, 1);
      assert.equal(answers[0]?.status, 400);
      assert.equal(JSON.parse(answers[0]?.body ?? '').code, 'malformed_request');
      assert.ok(wasClosed);
      assert.equal((await added(before, 1)).length, 1);
    });
  }

  test(`a caller of ${target} who stops in mid-body is told so and leaves one record`, async () => {
    const before = (await poorter.records()).length;
    const fields = `Content-Type: ${type}\r\nContent-Length: 100\r\n`;
    const sent = `POST ${target} HTTP/1.1\r\n${HEAD}${fields}\r\n{"name"`;
    const { text } = await sendRaw(poorter.port, sent, { end: true });
    assert.equal(parseAnswers(text)[0]?.status, 400);
    const left = await added(before, 1);
    assert.deepEqual(
      left.map(({ code }) => code),
      ['malformed_request'],
    );
  });

  test(`a caller of ${target} who vanishes in mid-body leaves one record`, async () => {
    const before = (await poorter.records()).length;
    const fields = `Content-Type: ${type}\r\nContent-Length: 100\r\n`;
    const sent = `POST ${target} HTTP/1.1\r\n${HEAD}${fields}\r\n{"name"`;
    await sendRaw(poorter.port, sent, { timeoutMs: 150 });
    assert.equal((await added(before, 1)).length, 1);
  });
}

test('callers who break off their uploads do not put the service to rest', async () => {
  const fields = `Content-Type: application/octet-stream\r\nContent-Length: 100\r\n`;
  const sent = `POST /streams HTTP/1.1\r\n${HEAD}${fields}\r\nhalf`;
  const before = (await poorter.records()).length;
  for (let count = 0; count < 5; count++) await sendRaw(poorter.port, sent, { timeoutMs: 60 });
  const broken = await added(before, 5);
  assert.deepEqual(
    broken.map(({ code }) => code),
    Array(5).fill('malformed_request'),
  );
  const next = await sendRaw(poorter.port, request('POST', '/things', JSON_TYPE, '{"name":"x"}'), {
    answers: 1,
  });
  assert.equal(next.answers[0]?.status, 200);
});

for (const framing of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
  test(`a WebSocket handshake with ${framing} is an ordinary call, and ends no thread`, async () => {
    const body = framing.startsWith('C') ? 'hello' : '0\r\n\r\n';
    const sent = request('GET', '/things', `${HANDSHAKE}${framing}\r\n`) + body;
    const { answers } = await sendRaw(poorter.port, sent, { answers: 1 });
    assert.equal(answers[0]?.status, 400);
    const next = await sendRaw(poorter.port, request('GET', '/things'), { answers: 1 });
    assert.equal(next.answers[0]?.status, 200);
    assert.deepEqual(poorter.notices('thread_ended'), []);
  });
}
