import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { OperatorCredential } from '../access/operators/index.ts';
import { OperatorRights } from './operator-rights.ts';
import { freshDirectory, openFreshState } from './stores/stores.fixture.ts';

const known = (rights: OperatorRights) => rights.live.state.keys.map(({ name }) => name);
const wish = { roles: ['operator' as const], expiresAt: null };

async function fresh(t: TestContext) {
  const directory = freshDirectory(t);
  const place = { kind: 'sqlite' as const, file: join(directory, 'state.sqlite') };
  return openFreshState(t, place, directory);
}

test('an operator whom another program revokes is not let in after the next look, and no look opens names in vain', async (t) => {
  const { operators, accounts, keys, changes } = await fresh(t);
  const { operator } = await operators.create({ name: 'Ada', ...wish });
  let opened = 0;
  const counted = {
    hashKey: operators.hashKey,
    credentials: () => {
      opened += 1;
      return operators.credentials();
    },
  };
  const rights = new OperatorRights(counted, accounts, changes, () => true);
  await rights.look();
  assert.deepEqual(known(rights), ['Ada']);
  await operators.touch(operator.id, 1_000);
  const terms = { name: 'Shop', owner: null, scopes: [], roles: [], limits: null, networks: [] };
  await keys.create({ ...terms, expiresAt: null });
  await rights.look();
  await rights.look();
  assert.equal(opened, 1, 'neither a use nor a key is a change of operators');
  await operators.create({ name: 'Grace', ...wish });
  await rights.look();
  assert.deepEqual(known(rights), ['Ada', 'Grace']);
  await operators.revoke(operator.id);
  await rights.look();
  assert.deepEqual(known(rights), ['Grace']);
  assert.equal(opened, 3);
});

test('an operator who was revoked before a backup was restored is not let in after the next look', async (t) => {
  const { operators, accounts, changes } = await fresh(t);
  const { operator } = await operators.create({ name: 'Ada', ...wish });
  const rights = new OperatorRights(operators, accounts, changes, () => true);
  await rights.refresh();
  await operators.revoke(operator.id);
  // Numbers that the reader knows stand for other changes now.
  await changes.startAnew();
  await rights.look();
  assert.deepEqual(known(rights), []);
});

test('a look that began before a revocation gives nothing back after it', async (t) => {
  const { operators, accounts, changes } = await fresh(t);
  const { operator } = await operators.create({ name: 'Ada', ...wish });
  const late = Promise.withResolvers<OperatorCredential[]>();
  const readings = [late.promise];
  const slow = {
    hashKey: operators.hashKey,
    credentials: () => readings.shift() ?? operators.credentials(),
  };
  const rights = new OperatorRights(slow, accounts, changes, () => true);
  const before = await operators.credentials();
  const look = rights.look();
  await operators.revoke(operator.id);
  const refreshed = rights.refresh();
  late.resolve(before);
  await Promise.all([look, refreshed]);
  assert.deepEqual(known(rights), []);
});
