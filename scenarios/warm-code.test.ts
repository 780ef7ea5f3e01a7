import assert from 'node:assert/strict';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startPoorter } from './world/poorter.fixture.ts';

const order = {
  type: 'object',
  properties: { id: { type: 'integer' }, note: { type: 'string', maxLength: 5_000 } },
  required: ['id'],
};
const json = { 'application/json': { schema: order } };
const ok = { 200: { description: 'ok', content: json } };
const limit = { requests: 1_000_000_000, per: 'hour', by: 'address' };
const description = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  security: [{ key: [] }],
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        'x-poorter': { limit },
        parameters: [{ name: 'q', in: 'query', schema: { type: 'string' } }],
        responses: ok,
      },
      post: { 'x-poorter': { limit }, requestBody: { content: json }, responses: ok },
    },
    '/open': { get: { security: [], responses: ok } },
  },
};

const BODY = JSON.stringify({ id: 5, note: 'x'.repeat(1_000) });
/** After so many calls, what is called has its compiled form. */
const WARM_CALLS = 9_000;
const CALLS = 6_000;
const BAIL_OUTS_MAX = 16;
const AT_ONCE = 8;

test('a warm gate does not compile the same code again and again', async (t) => {
  const service = createServer((asked, answer) => {
    asked.resume();
    answer.setHeader('content-type', 'application/json');
    answer.end(BODY);
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    service.closeAllConnections();
    service.close();
  });
  const poorter = await startPoorter(t, {
    ...{ description, threads: 1, nodeOptions: ['--trace-deopt'] },
    upstream: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
    configuration: { records: { file: undefined } },
  });
  const key = await poorter.createKey('Caller');
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  t.after(() => agent.destroy());
  const ask = (method: string, path: string) =>
    new Promise<number>((resolve, reject) => {
      const body = method === 'POST' ? BODY : undefined;
      const asked = request(`${poorter.url}${path}`, {
        ...{ method, agent },
        headers: {
          'x-key': key,
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      });
      asked.once('response', (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.once('error', reject).end(body);
    });
  const KINDS = [
    ['GET', '/orders/5?q=abc'],
    ['POST', '/orders/5'],
    ['GET', '/open'],
  ] as const;
  const load = async (calls: number) => {
    let left = calls;
    const caller = async () => {
      while (left-- > 0) {
        const [method, path] = KINDS[left % KINDS.length] as (typeof KINDS)[number];
        assert.equal(await ask(method, path), 200, path);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
  };
  await load(WARM_CALLS);
  const before = poorter.output().length;
  await load(CALLS);
  const found = poorter.output().slice(before).split('\n');
  // Control's threads work by the batch, and are compiled when they have seen enough of them.
  const gateway = `"pid":${poorter.children().gateway}}`;
  const bailOuts = found.filter((line) => line.includes('[bailout') && line.includes(gateway));
  t.diagnostic(`${bailOuts.length} bail-outs of the gateway in ${CALLS} calls`);
  const named = bailOuts.map((line) =>
    line.replace(/^.*reason: ([^)]*).*<JSFunction ([^ ]*).*$/, '$2: $1'),
  );
  assert.ok(bailOuts.length <= BAIL_OUTS_MAX, named.join('\n'));
});
