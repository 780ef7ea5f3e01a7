import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { formatKey } from '@poorter/engine';
import { findRuntimeFaults } from '@poorter/openapi';
import { notesService } from './notes.ts';

test('a service that guards itself sees only what its description allows', async (t) => {
  const key = formatKey(new Uint8Array(32).fill(7));
  const { mock } = t.mock.method(console, 'error', () => undefined);
  if (findRuntimeFaults().some(({ mendedIn }) => mendedIn !== null)) {
    assert.throws(() => notesService(key), /JSON\.parse/);
    return;
  }
  const server = notesService(key);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notes`;
  const add = async (body: unknown, shown: string | null = key) => {
    const headers = {
      'content-type': 'application/json',
      ...(shown !== null && { 'x-api-key': shown }),
    };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    await answer.arrayBuffer();
    return answer.status;
  };
  assert.equal(await add({ text: 'a' }), 201);
  assert.equal(mock.callCount(), 0, 'what it answers is what it describes');
  assert.equal(await add({ text: 'a' }, null), 401);
  assert.equal(await add({ text: 7 }), 400);
  assert.equal(await add({ text: 'a'.repeat(201) }), 400);
  const statuses = [];
  for (let at = 0; at < 5; at++) statuses.push(await add({ text: 'b' }));
  assert.ok(statuses.includes(429), String(statuses));
});
