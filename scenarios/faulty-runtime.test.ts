import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { adminOf } from './world/admin.fixture.ts';
import { call } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';

const FIXTURE = pathToFileURL(
  join(import.meta.dirname, '../packages/openapi/src/json/faulty-parse.fixture.ts'),
).href;
/** Every process and thread of the program gets a JSON.parse that misreads escaped names. */
const FAULTY = `data:text/javascript,${encodeURIComponent(
  `import { breakParse } from ${JSON.stringify(FIXTURE)}; breakParse();`,
)}`;

const description = {
  openapi: '3.1.0',
  info: { title: 'Payments', version: '1' },
  paths: {
    '/payments': {
      post: {
        security: [],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['amount'],
                properties: { amount: { type: 'integer', minimum: 1, maximum: 100 } },
              },
            },
          },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
  },
};

test('a stranger who prepares the JSON parser pays nobody a negative amount, and makes no other key', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    threads: 1,
    nodeOptions: ['--import', FAULTY],
  });
  const pay = async (body: string) => {
    const headers = { 'content-type': 'application/json' };
    return (await call(`${poorter.url}/payments`, { method: 'POST', headers, body })).status;
  };
  for (let round = 0; round < 4; round++) {
    assert.equal(await pay('{"amount":1,"\\\\u0061":0}'), 200);
  }
  assert.equal(await pay('{"amount":1,"\\u0061mount":-1000000}'), 400);
  assert.equal(await pay('{"\\u0061mount":-1000000}'), 400);
  assert.equal(await pay('{"\\u0061mount":100}'), 200);

  const admin = adminOf(poorter);
  const prepared = await admin('POST', '/v1/keys', '{"name":"Prepared","\\\\u0073":0}');
  assert.equal(prepared.status, 400);
  const made = await admin('POST', '/v1/keys', '{"\\u006eame":"Shop","\\u0073copes":["read"]}');
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual([made.body.record.name, made.body.record.scopes], ['Shop', ['read']]);
  const { message } = await poorter.awaitNotice('runtime_fault');
  assert.match(message, /JSON\.parse takes escaped member names for others/);
});
