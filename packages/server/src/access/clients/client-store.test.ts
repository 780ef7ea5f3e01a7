import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { ClientStore, type ClientTables } from './client-store.ts';
import { browser, machine } from './clients.fixture.ts';

const HOUR = 3_600_000;

onEveryBackend('clients', ({ dialect, freshPlace }) => {
  const openStore = async (t: Lifetime) => {
    const ground = await openGround<ClientTables>(t, freshPlace());
    const { database, ring, tombstones, world } = ground;
    return { ...ground, store: new ClientStore(database, ring, tombstones, world) };
  };

  test('a client is as it was made, and its secret is known once', async (t) => {
    const { store } = await openStore(t);
    const { client, secret } = await store.create(browser, 'operator_1');
    assert.ok(secret !== null);
    assert.deepEqual(await store.show(client.id), client);
    assert.deepEqual(client, {
      ...browser,
      ...{ id: client.id, createdBy: 'operator_1', createdAt: NOON, version: 1 },
      ...{ disabledAt: null, formerUntil: null },
    });
    assert.doesNotMatch(JSON.stringify(client), new RegExp(secret));
    assert.equal(await store.isSecret(client.id, secret), true);
    assert.equal(await store.isSecret(client.id, `${secret}x`), false);
    const other = await store.create(machine);
    assert.equal(other.secret, null);
    assert.equal(await store.isSecret(other.client.id, secret), false);
    const { items } = await store.list({ limit: 1 });
    assert.equal(items.length, 1);
  });

  test('the secret before the present one is accepted for its time, and no longer', async (t) => {
    const { store, clock } = await openStore(t);
    const { client, secret } = await store.create(browser);
    const rotated = await store.rotateSecret(client.id, HOUR);
    const isAccepted = () =>
      Promise.all([secret, rotated.secret].map((one) => store.isSecret(client.id, one ?? '')));
    assert.deepEqual(await isAccepted(), [true, true]);
    clock.now += HOUR;
    assert.deepEqual(await isAccepted(), [false, true]);
    const again = await store.rotateSecret(client.id, 0);
    assert.deepEqual(await isAccepted(), [false, false], 'at once, where it is told to');
    assert.equal(await store.isSecret(client.id, again.secret ?? ''), true);
  });

  test('a client that shows itself by a key from now on has no secret any more', async (t) => {
    const { store } = await openStore(t);
    const { client, secret } = await store.create(browser);
    const { authentication } = machine;
    const changed = await store.replace(client.id, { ...browser, authentication }, client.version);
    assert.equal(changed.version, 2);
    assert.equal(await store.isSecret(client.id, secret ?? ''), false);
    await assert.rejects(store.replace(client.id, browser, 1), { name: 'StaleVersionError' });
    await assert.rejects(store.replace('client_x', browser), { name: 'NotFoundError' });
  });

  test('a disabled client stays disabled over a restore, and so does one that lost something since', async (t) => {
    const { store, database } = await openStore(t);
    const disabled = await store.create(browser);
    const narrowed = await store.create(browser);
    const renamed = await store.create(browser);
    const rows = await database.kysely.selectFrom('oauth_client').selectAll().execute();
    await store.disable(disabled.client.id);
    await store.disable(disabled.client.id);
    await store.replace(narrowed.client.id, { ...browser, scopes: [] });
    await store.replace(renamed.client.id, {
      ...browser,
      name: 'Budget 2',
      scopes: ['a', 'accounts.read'],
    });
    assert.equal(await store.isSecret(disabled.client.id, disabled.secret ?? ''), false);
    assert.equal(await store.replayTombstones(), 0, 'it is so already');

    await database.kysely.deleteFrom('oauth_client').execute();
    await database.kysely.insertInto('oauth_client').values(rows).execute();
    assert.equal(await store.replayTombstones(), 2);
    assert.equal(await store.replayTombstones(), 0);
    const isDisabled = async ({ client }: typeof disabled) =>
      (await store.show(client.id))?.disabledAt !== null;
    assert.deepEqual(await Promise.all([disabled, narrowed, renamed].map(isDisabled)), [
      true,
      true,
      false,
    ]);
    assert.equal(await store.isSecret(narrowed.client.id, narrowed.secret ?? ''), false);
  });

  if (dialect === 'sqlite') {
    test('neither the terms nor the secret of a client stand in the file', async (t) => {
      const { store, database } = await openStore(t);
      const { client, secret } = await store.create({ ...browser, name: 'PLANTED-NAME' });
      assert.ok(database.place.kind === 'sqlite' && secret !== null);
      const { file } = database.place;
      const text = ['', '-wal'].map((end) => readFileSync(file + end, 'latin1')).join('');
      assert.ok(text.includes(client.id));
      for (const planted of ['PLANTED', secret, 'budget.example'])
        assert.ok(!text.includes(planted));
    });
  }
});
