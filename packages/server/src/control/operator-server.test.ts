import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPrometheusText } from '../platform/metrics/prometheus-text.fixture.ts';
import { realWorld } from '../platform/world/index.ts';
import { LoopDelay } from './loop-delay.ts';
import { OperatorServer } from './operator-server.ts';
import { ChangeDesk } from './protection/change-desk.ts';
import { Serving } from './serving.ts';

/** Sends raw bytes and returns everything that comes back before the connection ends. */
function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.end(bytes, 'latin1');
  });
}

test('whatever operators’ port is sent, it answers with a status of its own, no stack trace, and lives', async (t) => {
  const operators = new OperatorServer({
    serving: new Serving(true, realWorld),
    changes: { waiting: null, metrics: [] },
    admin: { owns: () => false, judgeCredential: () => null, answer: () => undefined },
    trial: () => null,
    gateways: () => [],
    troubles: () => ({ database: null, log: null }),
    delay: { metrics: [] },
  });
  await operators.listen({ host: '127.0.0.1', port: 0, tls: null });
  t.after(() => operators.close());
  const port = Number(operators.address.split(':').at(-1));
  const line = fc.oneof(
    fc.constantFrom('GET /metrics', 'GET /health/ready', 'POST /metrics', 'GET /../etc/passwd'),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );
  const host = fc.constantFrom('127.0.0.1', 'localhost', 'x', '');
  const request = fc
    .tuple(line, host, fc.string({ unit: 'binary', maxLength: 60 }))
    .map(
      ([start, name, rest]) =>
        `${start} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n${rest}\r\n\r\n`,
    );
  await fc.assert(
    fc.asyncProperty(request, async (bytes) => {
      const answer = await send(port, bytes);
      assert.doesNotMatch(answer, /\n\s+at .*:[0-9]+/);
      if (answer !== '') assert.match(answer, /^HTTP\/1\.1 (?:200|400|404|405|421|431|503) /);
    }),
    { numRuns: 150 },
  );
  assert.match(await send(port, 'GET /health/live HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

test('all that /metrics tells is text as collectors read it, whatever gateways call their operations', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-metrics-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const serving = new Serving(true, realWorld);
  serving.nameLocal('gw "a"\\');
  const evil = 'a"} 1\npoorter_gateway_up{gateway="b"} 1\n';
  const calls = { name: 'poorter_calls_total', help: 'x\n# y', aggregator: 'sum' };
  const values = [{ value: 3, labels: { operation: evil } }];
  serving.heard({ type: 'metrics', metrics: [[{ ...calls, values }]] });
  const delay = new LoopDelay(realWorld);
  t.after(() => delay.close());
  const operators = new OperatorServer({
    ...{ serving, delay, trial: () => null },
    changes: new ChangeDesk({
      dataDirectory: folder,
      now: Date.now,
      notify: ({ message }) => assert.fail(message),
    }),
    admin: { owns: () => false, judgeCredential: () => null, answer: () => undefined },
    gateways: () => [{ name: serving.localName, isConnected: true }],
    troubles: () => ({ database: { since: '', message: 'away' }, log: null }),
  });
  await operators.listen({ host: '127.0.0.1', port: 0, tls: null });
  t.after(() => operators.close());
  const answer = await fetch(`http://${operators.address}/metrics`);
  assert.match(String(answer.headers.get('content-type')), /^text\/plain; version=0\.0\.4/);
  const read = readPrometheusText(await answer.text());
  const told = read.get('poorter_calls_total')?.samples[0];
  assert.deepEqual(told?.labels, { gateway: serving.localName, operation: evil });
  for (const [name, value] of [
    ['poorter_database_away', 1],
    ['poorter_log_away', 0],
    ['poorter_gateway_up', 1],
    ['poorter_configuration_waiting', 0],
  ] as const) {
    assert.equal(read.get(name)?.samples[0]?.value, value, name);
  }
  assert.ok(read.has('poorter_control_loop_delay_seconds'));
  assert.ok(read.has('poorter_control_process_resident_memory_bytes'));
});
