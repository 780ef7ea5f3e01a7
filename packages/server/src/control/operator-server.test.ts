import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { realWorld } from '../platform/world/index.ts';
import { OperatorServer } from './operator-server.ts';
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
