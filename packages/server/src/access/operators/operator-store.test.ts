import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { ChangeFeed } from '../../state/changes/index.ts';
import { type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { CursorError, NotFoundError } from '../../state/index.ts';
import { OperatorStore, type OperatorTables } from './index.ts';

const DAY = 24 * 3_600_000;

onEveryBackend('operators', (backend) => {
  const fresh = async (t: Lifetime) => {
    const { database, ring, tombstones, world, clock } = await openGround<OperatorTables>(
      t,
      backend.freshPlace(),
    );
    const operators = new OperatorStore(database, ring, tombstones, world);
    return { operators, clock, database, changes: new ChangeFeed(database.as()) };
  };

  test('an operator is known by a keyed hash of the credential until it is revoked', async (t) => {
    const { operators, clock } = await fresh(t);
    const expiresAt = NOON + DAY;
    const roles = ['owner', 'auditor'] as const;
    const { credential, operator } = await operators.create({ name: 'Lieve', roles, expiresAt });
    const hash = createHmac('sha256', operators.hashKey).update(credential).digest('hex');
    const { id, name } = operator;
    assert.deepEqual(await operators.credentials(), [
      { id, name, roles, expiresAt, accountId: null, createdAt: NOON, hash },
    ]);

    await operators.touch(id, NOON + 5);
    await operators.touch(id, NOON + 2);
    assert.equal((await operators.show(id))?.lastUsedAt, NOON + 5);

    clock.now = NOON + 9;
    const revoked = await operators.revoke(id);
    assert.equal(revoked.revokedAt, NOON + 9);
    assert.deepEqual(await operators.credentials(), []);
    assert.equal((await operators.revoke(id)).version, revoked.version);
    await assert.rejects(operators.revoke('operator_none'), NotFoundError);
  });

  test('whoever signs in for it has one credential, and leaves no row for each day', async (t) => {
    const { operators, clock } = await fresh(t);
    const made = await operators.create({ name: 'Lieve', roles: ['owner'], expiresAt: null });
    const signIn = (accountId: string) =>
      operators.create({
        ...{ name: accountId, accountId, roles: ['auditor'] },
        expiresAt: clock.now + 3_600_000,
      });
    const first = await signIn('account_a');
    const other = await signIn('account_b');
    clock.now += 1_000;
    const second = await signIn('account_a');
    const standing = (await operators.credentials()).map(({ id }) => id);
    assert.deepEqual(standing, [made.operator.id, other.operator.id, second.operator.id]);
    assert.notEqual((await operators.show(first.operator.id))?.revokedAt, null);
    clock.now += 91 * 86_400_000;
    await signIn('account_a');
    const left = (await operators.list()).items.map(({ id }) => id);
    assert.equal(left.length, 3, 'those of half a year ago are gone');
    assert.ok(left.includes(other.operator.id), 'others’ are theirs');
    // A backup does not know what their holders have lost since.
    await operators.voidSignedIn();
    assert.deepEqual(
      (await operators.credentials()).map(({ id }) => id),
      [made.operator.id],
    );
  });

  test('pages of operators reach each once', async (t) => {
    const { operators } = await fresh(t);
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const one = await operators.create({ name, roles: ['developer'], expiresAt: null });
      made.push(one.operator.id);
    }
    const first = await operators.list({ limit: 2 });
    const second = await operators.list({ limit: 2, cursor: first.next as string });
    assert.equal(second.next, null);
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    assert.deepEqual(seen.toSorted(), made.toSorted());
    await assert.rejects(operators.list({ cursor: 'x' }), CursorError);
  });

  test('who comes and who is revoked stands in the change feed, in the transaction of the change, also when a restore repeats it', async (t) => {
    const { operators, changes, database } = await fresh(t);
    const { operator } = await operators.create({ name: 'Ada', roles: ['owner'], expiresAt: null });
    await operators.touch(operator.id, NOON);
    await operators.revoke(operator.id);
    await operators.revoke(operator.id);
    const seen = async () =>
      (await changes.changesSince(0)).changes.map(({ domain, id }) => [domain, id]);
    const one = ['operator', operator.id];
    assert.deepEqual(await seen(), [one, one]);
    await database.kysely.updateTable('operator').set({ revoked_at: null }).execute();
    assert.equal(await operators.replayTombstones(), 1);
    assert.equal(await operators.replayTombstones(), 0);
    assert.deepEqual(await seen(), [one, one, one]);
  });
});
