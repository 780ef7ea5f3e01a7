import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { AdminProblem } from '../messages/admin-problems.ts';
import type { CallRecord } from '../messages/call-record.ts';
import type { AnyAnswer } from './act.ts';
import { CREDENTIAL, openApi } from './open-api.fixture.ts';

/** The admin API in front of handlers that answer otherwise than the contract says. */

test('an answer that the contract does not know leaves as it is, and its record and the operators are told', async (t) => {
  let answer: () => AnyAnswer = () => ({ status: 200, body: {} });
  const records: CallRecord[] = [];
  const told: string[] = [];
  const api = openApi(async () => answer(), records, told);
  const server = createServer((request, response) => api.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ask = async (method: string, path: string) => {
    const headers = { 'poorter-operator-key': CREDENTIAL };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    await response.arrayBuffer();
    return response.status;
  };

  answer = () => ({ status: 200, body: { items: [], next: null, secret: 'do-not-tell' } });
  assert.equal(await ask('GET', '/v1/blocks'), 200);
  const found = records.at(-1)?.answer as { undocumented: string[] };
  assert.deepEqual(found.undocumented, ['/secret']);
  assert.match(told.join(), /an answer to listBlocks is not as its contract says/);
  assert.ok(!told.join().includes('do-not-tell'), 'never a value');

  // As described, refused as described, and without content: there is nothing to say.
  told.length = 0;
  answer = () => ({ status: 200, body: { items: [], next: null } });
  assert.equal(await ask('GET', '/v1/blocks'), 200);
  assert.equal(await ask('HEAD', '/v1/blocks'), 200);
  answer = () => {
    throw new AdminProblem('not_found');
  };
  assert.equal(await ask('GET', '/v1/blocks/none'), 404);
  assert.deepEqual(
    records.slice(-3).map((record) => record.answer),
    [null, null, null],
  );
  assert.deepEqual(told, []);

  // What is too large to be looked at between two calls is not looked at, and the record says so.
  const id = 'x'.repeat(300_000);
  answer = () => ({ status: 200, body: { items: [], next: null, id } });
  assert.equal(await ask('GET', '/v1/blocks'), 200);
  assert.deepEqual(records.at(-1)?.answer, { unchecked: 'over-bound' });
});
