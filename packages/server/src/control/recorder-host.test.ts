import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { configurationSchema } from '../configuration/schema.ts';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { recordOf } from '../security-log/log.fixture.ts';
import { RecorderHost } from './recorder-host.ts';
import { freshDirectory, openFreshState } from './stores/stores.fixture.ts';

async function fresh(t: TestContext) {
  const dataDirectory = freshDirectory(t);
  const place = { kind: 'sqlite' as const, file: join(dataDirectory, 'state.sqlite') };
  const state = await openFreshState(t, place, dataDirectory);
  const terms = { name: 'Shop', owner: null, scopes: [], roles: [], limits: null, networks: [] };
  const { record } = await state.keys.create({ ...terms, expiresAt: null });
  const warnings: string[] = [];
  const configuration = configurationSchema.parse({
    ...{
      dataDirectory,
      apis: [{ name: 'bank', spec: 'bank.yaml', upstream: 'http://127.0.0.1:1' }],
    },
  });
  const open = async (world: FakeWorld) => {
    const host = await RecorderHost.open({
      ...{ configuration, baseDirectory: dataDirectory, dataDirectory, state, world },
      notify: ({ message }) => warnings.push(message),
    });
    return host;
  };
  const call = async (host: RecorderHost, number: number) => {
    assert.ok(host.acts.reserve());
    const principal = {
      kind: 'key' as const,
      client: 'shop',
      subject: null,
      credentialId: record.id,
    };
    await host.acts.commit(recordOf(number, { principal }));
  };
  return { state, keyId: record.id, open, call, warnings };
}

test('when a key was last used is known after a restart, though the process ended before it was kept', async (t) => {
  const { state, keyId, open, call, warnings } = await fresh(t);
  // Nothing is ever kept by this one: its time stands still.
  const killed = await open(new FakeWorld());
  await call(killed, 7);
  // What lies in the spool becomes leaves.
  await killed.stop();
  assert.equal((await state.keys.show(keyId))?.lastUsedAt, null);
  const world = new FakeWorld();
  const next = await open(world);
  try {
    for (let key = await state.keys.show(keyId); key?.lastUsedAt === null; ) {
      world.advance(5_000);
      await delay(50);
      key = await state.keys.show(keyId);
    }
    const key = await state.keys.show(keyId);
    assert.equal(key?.lastUsedAt, Date.parse(recordOf(7).time));
    assert.equal(key?.lastUsedOperation, 'getAccount');
    assert.equal(await state.keys.usesReached(next.spool.node), 1);
    assert.deepEqual(warnings, []);
  } finally {
    await next.stop();
  }
});
