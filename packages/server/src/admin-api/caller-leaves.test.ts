import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CallerLeftError } from '../state/index.ts';
import type { AnyAct, AnyAnswer } from './act.ts';
import { CREDENTIAL, openApi } from './open-api.fixture.ts';

test('who reads for a caller hears when the connection is closed, and operators are told of no fault', async (t) => {
  const begun = Promise.withResolvers<AnyAct>();
  const ended = Promise.withResolvers<void>();
  const told: string[] = [];
  const answer = async (act: AnyAct): Promise<AnyAnswer> => {
    if (act.query.ended !== 'true') return { status: 200, body: { items: [], next: null } };
    begun.resolve(act);
    if (!act.left.aborted) await once(act.left, 'abort');
    ended.resolve();
    throw new CallerLeftError();
  };
  const api = openApi(answer, [], told);
  const server = createServer((call, response) => api.answer(call, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const headers = { 'poorter-operator-key': CREDENTIAL };
  const leaving = request({ port, host: '127.0.0.1', path: '/v1/blocks?ended=true', headers });
  leaving.on('error', () => undefined);
  leaving.end();
  const act = await begun.promise;
  assert.equal(act.left.aborted, false, 'not while it waits');
  leaving.destroy();
  await ended.promise;
  assert.equal(act.left.aborted, true);
  const other = await fetch(`http://127.0.0.1:${port}/v1/blocks`, { headers });
  assert.equal(other.status, 200);
  assert.deepEqual(told, []);
});
