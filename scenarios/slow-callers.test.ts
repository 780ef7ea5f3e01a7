import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { parseAnswers, sendRaw } from './world/raw-client.fixture.ts';
import { HEAD, JSON_TYPE, request, things } from './world/things.fixture.ts';

/** Writes one byte at a time until the gate has had enough. */
async function trickle(poorter: RunningPoorter, start: string, everyMs: number, maxMs: number) {
  const socket = connect(poorter.port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.once('close', () => {
    isClosed = true;
  });
  socket.write(start);
  const startedAt = Date.now();
  while (!isClosed && text === '' && Date.now() - startedAt < maxMs) {
    await sleep(everyMs);
    if (!socket.destroyed) socket.write('x');
  }
  await sleep(50);
  socket.destroy();
  return { answers: parseAnswers(text), isClosed, elapsedMs: Date.now() - startedAt };
}

test('slow callers are cut off, told so and recorded', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description: things,
    upstream: upstream.url,
    configuration: {
      timeouts: { headMs: 800, bodyIdleMs: 700, keepAliveMs: 600, bodyBytesPerSecondMin: 1_000 },
    },
  });
  const recorded = (reason: string) => (record: Record<string, unknown>) =>
    record['code'] === 'request_timeout' && JSON.stringify(record['evidence']).includes(reason);

  await t.test('a head that never ends', async () => {
    const { answers, isClosed } = await trickle(
      poorter,
      `GET /things HTTP/1.1\r\nX-A: `,
      100,
      6_000,
    );
    assert.equal(answers[0]?.status, 408);
    assert.ok(isClosed);
    const records = await poorter.awaitRecords(1, recorded('ERR_HTTP_REQUEST_TIMEOUT'));
    assert.equal(records.length, 1);
  });

  for (const [target, type] of [
    ['/things', JSON_TYPE],
    ['/streams', 'Content-Type: application/octet-stream\r\n'],
  ] as const) {
    await t.test(`a body for ${target} that stops`, async () => {
      const start = `POST ${target} HTTP/1.1\r\n${HEAD}${type}Content-Length: 100\r\n\r\nx`;
      const before = (await poorter.awaitRecords(0, recorded('body'))).length;
      const { answers } = await sendRaw(poorter.port, start, { answers: 1 });
      assert.equal(answers[0]?.status, 408);
      assert.equal(answers[0]?.headers['connection'], 'close');
      const records = await poorter.awaitRecords(before + 1, recorded('body'));
      assert.equal(records.length, before + 1);
    });
  }

  await t.test('a connection without calls is closed', async () => {
    const startedAt = Date.now();
    const { answers, wasClosed } = await sendRaw(poorter.port, request('GET', '/things'));
    assert.equal(answers[0]?.status, 200);
    assert.ok(wasClosed);
    assert.ok(Date.now() - startedAt >= 500);
  });

  await t.test('a connection that never says anything is closed and is no call', async () => {
    const before = (await poorter.records()).length;
    const { text, wasClosed } = await sendRaw(poorter.port, '');
    assert.deepEqual({ text, wasClosed }, { text: '', wasClosed: true });
    assert.equal((await poorter.records()).length, before);
  });

  await t.test('a body below the least rate, after its grace', async () => {
    const start = `POST /things HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: 9999\r\n\r\n`;
    const { answers, elapsedMs } = await trickle(poorter, start, 200, 20_000);
    assert.equal(answers[0]?.status, 408);
    assert.ok(elapsedMs > 9_000, `${elapsedMs}`);
  });
});
