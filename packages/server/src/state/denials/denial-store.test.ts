import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryBackend } from '../../platform/database/backends.fixture.ts';
import { ChangeFeed } from '../changes/index.ts';
import { NOON, openGround } from '../ground.fixture.ts';
import { DenialStore, type DenialTables } from './index.ts';

const MINUTE = 60_000;
const ISSUER = 'https://login.bank.test';

onEveryBackend('denials', ({ freshPlace }) => {
  test('what is denied is told to the gates, page by page, until it can no longer be shown', async (t) => {
    const { database, world, clock } = await openGround<DenialTables>(t, freshPlace());
    const store = new DenialStore(database, world);
    const feed = new ChangeFeed(database);
    const wish = (value: string, until: number) =>
      ({ kind: 'grant', issuer: ISSUER, value, until }) as const;
    await store.deny([wish('g1', NOON + MINUTE), wish('g2', NOON + 2 * MINUTE)]);
    await store.deny([wish('over', NOON), wish('odd', Number.NaN)]);
    const told = await feed.changesSince(0, 100);
    assert.deepEqual(new Set(told.changes.map(({ domain }) => domain)), new Set(['denial']));
    assert.equal(told.changes.length, 2, 'what nobody can show needs no denial');
    const some = await store.some(told.changes.map(({ id }) => id));
    const valuesOf = (denied: readonly { value: string }[]) =>
      denied.map(({ value }) => value).toSorted();
    assert.deepEqual(valuesOf(some), ['g1', 'g2']);
    const [first, ...none] = await store.page('', 1);
    const [second] = await store.page(first?.id ?? '', 1);
    assert.deepEqual([none, valuesOf([first!, second!])], [[], ['g1', 'g2']]);

    clock.now += MINUTE;
    assert.equal(await store.expire(), 1);
    assert.equal(await store.expire(), 0);
    assert.deepEqual(valuesOf(await store.page('', 10)), ['g2']);
    const ended = await feed.changesSince(told.sequence, 100);
    assert.equal(ended.changes.length, 1, 'gates are told that it is over');
    assert.deepEqual(await store.some(ended.changes.map(({ id }) => id)), []);
  });
});
