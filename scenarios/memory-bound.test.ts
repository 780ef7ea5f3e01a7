import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from './world/load.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { HEAD, JSON_TYPE, request, things } from './world/things.fixture.ts';

const BUDGET_BYTES = 64 * 1_048_576;
/**
 * What ordinary load moves the figure by, up or down: the young generation and the compiled code of
 * two threads. Idle, it stays within 1 MiB.
 */
const NOISE_BYTES = 24 * 1_048_576;
/**
 * A connection is read before anybody can refuse what comes over it, and what was read is garbage until it is
 * collected: on a busy machine all have been read once by then.
 */
const FIRST_READ_BYTES = 65_536;
const ANSWER_BYTES = 2_000_000;

function residentBytes(pid: number): number {
  const match = /VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

test('slow bodies and slow readers are held within the budget, and service resumes', async (t) => {
  const text = `{"name":"${'x'.repeat(ANSWER_BYTES)}"}`;
  const service = createServer((incoming, answer) => {
    incoming.on('error', () => undefined).resume();
    answer.on('error', () => undefined).setHeader('content-type', 'application/json');
    answer.end(incoming.url === '/things/large' ? text : '{}');
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    service.closeAllConnections();
    service.close();
  });
  const poorter = await startPoorter(t, {
    description: things,
    upstream: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    // What is held is let go by nothing but the budget, however long a busy machine takes.
    configuration: {
      bounds: { memoryBytes: BUDGET_BYTES },
      timeouts: { bodyIdleMs: 300_000, bodyBytesPerSecondMin: 1 },
    },
  });
  const { gateway } = poorter.children();
  // Ordinary load first: code, caches and the young generation are not what is measured.
  const ordinary = startLoad(t, `${poorter.url}/things`, { connections: 8 });
  for (let count = 0; count < 20; count++) {
    await sendRaw(poorter.port, request('POST', '/things', JSON_TYPE, '{"name":"x"}'), {
      answers: 1,
    });
    await sendRaw(poorter.port, request('GET', '/things/large'), { answers: 1 });
  }
  // Some seconds' worth on an idle machine: fewer leave the young generation smaller than it becomes.
  await ordinary.ended(10_000);
  assert.deepEqual((await ordinary.stop()).failed, []);
  await sleep(500);
  const before = residentBytes(gateway);

  const writers = Array.from({ length: 1_000 }, () => slowWriter(poorter.port));
  const callers = [
    ...writers,
    ...Array.from({ length: 20 }, () => chunkWriter(poorter.port)),
    ...Array.from({ length: 100 }, () => slowReader(poorter.port)),
  ];
  let most = 0;
  for (let count = 0; count < 40; count++) {
    await sleep(100);
    most = Math.max(most, residentBytes(gateway));
  }
  const growth = most - before;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
  t.diagnostic(`grew by ${megabytes(growth)} with a budget of ${megabytes(BUDGET_BYTES)}`);
  const shed = await poorter.awaitRecords(1, ({ code }) => code === 'overloaded');
  // Those that fit are served when they come to their end.
  const waiting = writers.filter(({ socket }) => socket.bytesRead === 0 && !socket.destroyed);
  const statuses = await Promise.all(waiting.map(finishSlowly));
  for (const { socket } of callers) socket.destroy();
  // They have sent a gigabyte.
  const bound = BUDGET_BYTES + callers.length * FIRST_READ_BYTES + NOISE_BYTES;
  assert.ok(growth <= bound, `${megabytes(growth)} of ${megabytes(bound)}`);
  assert.ok(waiting.length >= 40, `${waiting.length} callers fit`);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.ok(shed.length > 0);
  assert.ok(shed.every(({ status }) => status === 503));

  await sleep(300);
  for (let count = 0; count < 20; count++) {
    const body = `{"name":"${'x'.repeat(900_000)}"}`;
    const { answers } = await sendRaw(poorter.port, request('POST', '/things', JSON_TYPE, body), {
      answers: 1,
    });
    assert.equal(answers[0]?.status, 200);
  }
  assert.deepEqual(poorter.notices('thread_ended'), []);
});

interface SlowCaller {
  readonly socket: Socket;
}

/** Announces a mebibyte and keeps back its last bytes. */
function slowWriter(port: number): SlowCaller {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(
    `POST /things HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: 1048576\r\n\r\n{"name":"`,
  );
  socket.write('x'.repeat(1_048_000));
  return { socket };
}

/** Sends what was kept back; the status of the answer. */
function finishSlowly({ socket }: SlowCaller): Promise<number> {
  return new Promise((resolve) => {
    socket.once('data', (text) => resolve(Number(String(text).slice(9, 12))));
    socket.once('close', () => resolve(0));
    socket.write(`${'x'.repeat(1_048_576 - 1_048_000 - '{"name":""}'.length)}"}`);
  });
}

/** The same in chunks of one byte, which weigh more in pieces than in bytes. */
function chunkWriter(port: number): SlowCaller {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`POST /things HTTP/1.1\r\n${HEAD}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`);
  socket.write('1\r\nx\r\n'.repeat(30_000));
  return { socket };
}

/** Asks for two megabytes and reads nothing. */
function slowReader(port: number): SlowCaller {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(request('GET', '/things/large'));
  return { socket };
}
