import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { IssuerDesk } from './issuer-desk.ts';

test('each question gets its own answer, and none within five seconds is that it does not answer', async () => {
  const world = new FakeWorld();
  const asked: number[] = [];
  const desk = new IssuerDesk({ world, send: ({ request }) => asked.push(request) });
  const ask = (account: string) => desk.ask({ kind: 'sessions', account });
  const [first, second, third] = [ask('a'), ask('b'), ask('c')];
  const session = { id: 's', signedInAt: 1, lastUsedAt: 2, expiresAt: 3, browser: '', acr: null };
  desk.receive(asked[1] ?? 0, [session]);
  desk.receive(asked[0] ?? 0, []);
  desk.receive(99, [session]);
  assert.deepEqual([await first, await second], [[], [session]]);
  world.advance(5_000);
  assert.equal(await third, null);
  desk.receive(asked[2] ?? 0, [session]);
  const fourth = ask('d');
  desk.receive(asked[3] ?? 0, null);
  assert.equal(await fourth, null, 'it cannot find out');
});
