import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { isWellFormedKey } from '@poorter/engine';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { ChangeFeed } from '../../state/changes/index.ts';
import { type Ground, type Lifetime, NOON, openGround } from '../../state/ground.fixture.ts';
import { CursorError, NotFoundError, type Page, StaleVersionError } from '../../state/index.ts';
import {
  API_KEY_HASH,
  type KeyState,
  KeyStore,
  type KeyTables,
  type KeyTerms,
  type StoredKey,
} from './index.ts';

const HOUR = 3_600_000;
const terms: KeyTerms = {
  name: 'Shop of Griet',
  owner: 'griet@example.test',
  scopes: ['accounts:read', 'payments:write'],
  roles: ['partner'],
  limits: { limit: { requests: 10, per: 'second', by: 'client', whenCountersAreAway: 'share' } },
  networks: ['192.0.2.0/24', '2001:db8::/32'],
  expiresAt: NOON + 24 * HOUR,
};

onEveryBackend('keys', (backend) => {
  const over = (ground: Ground<KeyTables>) => ({
    keys: new KeyStore(ground.database, ground.ring, ground.tombstones, ground.world),
    changes: new ChangeFeed(ground.database.as()),
  });
  const fresh = async (t: Lifetime) => {
    const ground = await openGround<KeyTables>(t, backend.freshPlace());
    const reopen = async () => over(await ground.reopen());
    return { clock: ground.clock, ring: ground.ring, ...over(ground), reopen };
  };

  test('a key is stored as the hash by which gateways find it, and found by it', async (t) => {
    const { keys, ring } = await fresh(t);
    const { key, record } = await keys.create(terms);
    const hash = createHmac('sha256', ring.derive(API_KEY_HASH)).update(key).digest('hex');
    assert.equal(record.hash, hash);
    assert.equal((await keys.find(key))?.id, record.id);
  });

  test('pages of keys in one state are full, reach each once, and go by the clock', async (t) => {
    const { keys, clock } = await fresh(t);
    const made: Record<KeyState, string[]> = { active: [], expired: [], revoked: [], rotated: [] };
    for (let round = 0; round < 5; round += 1) {
      clock.now += 1;
      const { record } = await keys.create(terms);
      await keys.revoke(record.id, 'x');
      made.revoked.push(record.id);
      const short = await keys.create({ ...terms, expiresAt: NOON + HOUR });
      made.expired.push(short.record.id);
      const old = await keys.create({ ...terms, expiresAt: null });
      made.rotated.push(old.record.id);
      made.active.push((await keys.rotate(old.record.id, HOUR - (clock.now - NOON))).record.id);
    }
    const all = async (state: KeyState) => {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const from: string = cursor;
        const page: Page<StoredKey> = await keys.list({
          ...{ limit: 2, state },
          ...(from !== '' && { cursor: from }),
        });
        assert.ok(
          page.items.length === 2 || page.next === null,
          'a page that is not the last is full',
        );
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      }
      return seen.toSorted();
    };
    const { active, expired, rotated } = made;
    assert.deepEqual(await all('active'), [...active, ...expired, ...rotated].toSorted());
    assert.deepEqual(await all('expired'), []);
    clock.now = NOON + HOUR;
    for (const state of ['active', 'expired', 'revoked', 'rotated'] as const) {
      assert.deepEqual(await all(state), made[state].toSorted(), state);
    }
  });

  test('a key is found by its text alone, with the terms it was made on, also after a restart', async (t) => {
    const state = await fresh(t);
    const { key, record } = await state.keys.create(terms);
    assert.ok(isWellFormedKey(key));
    assert.ok(key.startsWith(record.prefix));
    assert.equal(record.version, 1);
    for (const keys of [state.keys, (await state.reopen()).keys]) {
      const found = await keys.find(key);
      assert.deepEqual(found, record);
      const { name, owner, scopes, roles, limits, networks, expiresAt } = found as typeof record;
      assert.deepEqual({ name, owner, scopes, roles, limits, networks, expiresAt }, terms);
    }
    const last = key.endsWith('x') ? 'y' : 'x';
    assert.equal(await state.keys.find(key.slice(0, -1) + last), undefined);
    assert.equal(await state.keys.show('key_0000000000000000'), undefined);
  });

  test('pages reach every key once, while others are made, and by owner', async (t) => {
    const { keys, clock } = await fresh(t);
    const made = new Set<string>();
    for (let index = 0; index < 7; index += 1) {
      // Several in one millisecond: the id decides.
      if (index % 3 === 0) clock.now += 1;
      const owner = index < 5 ? 'griet@example.test' : null;
      made.add((await keys.create({ ...terms, owner })).record.id);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await keys.list({ limit: 3, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      clock.now += 1;
      if (seen.length === 3) made.add((await keys.create(terms)).record.id);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    assert.equal(seen.length, 8);
    assert.deepEqual(new Set(seen), made);
    assert.equal((await keys.list({ owner: 'griet@example.test' })).items.length, 6);
    assert.equal((await keys.list({ owner: 'GRIET' })).items.length, 0);
    for (const hostile of ['', '!', 'AAAA', Buffer.from('[1,"\' OR 1=1"]').toString('base64url')]) {
      await assert.rejects(keys.list({ cursor: hostile }), CursorError);
    }
  });

  test('who decides on an old version is told, and changes nothing', async (t) => {
    const { keys } = await fresh(t);
    const { record } = await keys.create(terms);
    const changed = await keys.update(record.id, { scopes: [] }, 1);
    assert.equal(changed.version, 2);
    assert.deepEqual(changed.scopes, []);
    assert.equal(changed.name, terms.name);
    await assert.rejects(keys.update(record.id, { name: 'late' }, 1), StaleVersionError);
    await assert.rejects(keys.rotate(record.id, 0, 1), StaleVersionError);
    await assert.rejects(keys.revoke(record.id, 'late', 1), StaleVersionError);
    assert.deepEqual(await keys.show(record.id), changed);
    await assert.rejects(keys.update('key_none', { name: 'x' }), NotFoundError);
  });

  test('of many changes of one version at once, one is made', async (t) => {
    const { keys } = await fresh(t);
    const { record } = await keys.create(terms);
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => keys.update(record.id, { name: `${index}` }, 1)),
    );
    const refusals = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    assert.equal(refusals.length, 15);
    assert.ok(
      refusals.every((error) => error instanceof StaleVersionError),
      String(refusals[0]),
    );
    assert.equal((await keys.show(record.id))?.version, 2);
  });

  test('rotation leaves two keys that name each other, and the end of the old one', async (t) => {
    const { keys, clock } = await fresh(t);
    const first = await keys.create(terms);
    clock.now += HOUR;
    const second = await keys.rotate(first.record.id, HOUR);
    assert.notEqual(second.key, first.key);
    assert.equal(second.record.rotatedFrom, first.record.id);
    const old = await keys.find(first.key);
    assert.equal(old?.rotatedTo, second.record.id);
    assert.equal(old?.overlapUntil, NOON + 2 * HOUR);
    assert.deepEqual((await keys.find(second.key))?.scopes, terms.scopes);
    assert.equal((await keys.find(second.key))?.owner, terms.owner);
    await assert.rejects(keys.rotate(first.record.id, 3 * HOUR), NotFoundError);
  });

  test('a revoked key stays revoked, with reason and time, and is not rotated into a new one', async (t) => {
    const { keys, clock } = await fresh(t);
    const { record } = await keys.create(terms);
    const revoked = await keys.revoke(record.id, 'seen in a public repository');
    assert.equal(revoked.revokedAt, NOON);
    assert.equal(revoked.revokedReason, 'seen in a public repository');
    clock.now += HOUR;
    assert.deepEqual(await keys.revoke(record.id, 'again'), revoked);
    await assert.rejects(keys.rotate(record.id, 0), NotFoundError);
    await assert.rejects(keys.revoke('key_none', 'x'), NotFoundError);
  });

  test('leaked keys are recognised among look-alikes', async (t) => {
    const { keys } = await fresh(t);
    const [one, , three] = await Promise.all(
      [terms, terms, terms].map((wish) => keys.create(wish)),
    );
    const texts = [one!.key, 'poorter_', three!.key, one!.record.id, `${three!.key}0`];
    const ids = (await keys.findLeaked(texts)).map(({ id }) => id).toSorted();
    assert.deepEqual(ids, [one!.record.id, three!.record.id].toSorted());
  });

  test('the last use never goes back, and is no change that gateways must hear of', async (t) => {
    const { keys, changes } = await fresh(t);
    const { record } = await keys.create(terms);
    const before = await changes.latest();
    await keys.touchLastUse([
      { id: record.id, at: NOON + 5, operation: 'bank/getAccounts' },
      { id: record.id, at: NOON + 2, operation: 'bank/late' },
      { id: 'key_none', at: NOON, operation: 'x' },
    ]);
    const shown = await keys.show(record.id);
    assert.equal(shown?.lastUsedAt, NOON + 5);
    assert.equal(shown?.lastUsedOperation, 'bank/getAccounts');
    await keys.touchLastUse([{ id: record.id, at: NOON + 1, operation: 'bank/getAccounts' }]);
    assert.deepEqual(await keys.operationsSince(record.id, NOON), [
      'bank/getAccounts',
      'bank/late',
    ]);
    assert.deepEqual(await keys.operationsSince(record.id, NOON + 3), ['bank/getAccounts']);
    assert.deepEqual(await keys.operationsSince('key_none', 0), []);
    assert.equal(shown?.version, 1);
    assert.equal(await changes.latest(), before);
  });

  test('how far uses are kept is kept with them, by node, also where the log was restored to an earlier one', async (t) => {
    const state = await fresh(t);
    const { record } = await state.keys.create(terms);
    assert.equal(await state.keys.usesReached('a'), null);
    const use = { id: record.id, at: NOON, operation: 'bank/getAccounts' };
    await state.keys.touchLastUse([use], { node: 'a', leaf: 40 });
    await state.keys.touchLastUse([], { node: 'b', leaf: 7 });
    await state.keys.touchLastUse([{ ...use, at: NOON + 1 }]);
    const { keys } = await state.reopen();
    assert.deepEqual([await keys.usesReached('a'), await keys.usesReached('b')], [40, 7]);
    await keys.touchLastUse([], { node: 'a', leaf: 12 });
    assert.equal(await keys.usesReached('a'), 12);
  });
});
