import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type LiveMessage, LiveRights } from '@poorter/engine';
import { API_KEY_HASH } from '../access/keys/index.ts';
import { rotationOf } from '../access/keys/key-routes.ts';
import { realWorld } from '../platform/world/index.ts';
import { LiveFeed, NotEverywhereError } from './live-feed.ts';
import { liveSources } from './live-sources.ts';
import { NOON, openFreshState } from './stores/stores.fixture.ts';

const DAY = 86_400_000;
const PATIENCE_MS = 60_000;
const terms = {
  ...{ name: 'Shop', owner: null, scopes: ['read'], roles: [], limits: null, networks: [] },
  expiresAt: null,
};

/** A feed over a real store, and the table of a gateway that hears it. */
async function openFeed(t: TestContext, keyAgeMaxMs: number | null = null) {
  const state = await openFreshState(t, { kind: 'sqlite', file: ':memory:' });
  const gateway = new LiveRights();
  const sent: LiveMessage[] = [];
  const elsewhere: string[] = [];
  const feed = new LiveFeed({
    ...{ changes: state.changes, world: realWorld },
    sources: liveSources(state, { now: () => state.clock.now, keyAgeMaxMs: () => keyAgeMaxMs }),
    keyHashKey: Buffer.from(state.ring.derive(API_KEY_HASH)).toString('hex'),
    missingElsewhere: () => elsewhere,
  });
  feed.subscribe((message) => {
    sent.push(message);
    gateway.take(message);
  });
  return { state, gateway, sent, feed, elsewhere };
}

test('a gateway hears everything once, and then what changed', async (t) => {
  const { state, gateway, sent, feed } = await openFeed(t);
  const first = await state.keys.create(terms);
  await feed.publish();
  assert.equal(gateway.findKey(first.key)?.id, first.record.id);
  await feed.publish();
  const second = await state.keys.create(terms);
  await state.keys.revoke(first.record.id, 'test');
  await feed.publish();
  assert.deepEqual(
    sent.map(({ type }) => type),
    ['live', 'live-change'],
  );
  assert.equal(gateway.findKey(first.key), undefined);
  assert.equal(gateway.findKey(second.key)?.id, second.record.id);
  assert.deepEqual(feed.whole, { type: 'live', state: gateway.state });
});

test('a rotated key ends with its overlap, whatever its own expiry says', async (t) => {
  const { state, gateway, feed } = await openFeed(t);
  const { key, record } = await state.keys.create({ ...terms, expiresAt: NOON + 9 * DAY });
  const next = await state.keys.rotate(record.id, DAY);
  await feed.publish();
  assert.equal(gateway.findKey(key)?.expiresAt, (NOON + DAY) / 1000);
  assert.equal(gateway.findKey(next.key)?.client, record.client);
});

test('the rotation policy warns of old keys, and ends them where it is told to', async (t) => {
  const { state, gateway, feed } = await openFeed(t, 120 * DAY);
  const { key, record } = await state.keys.create(terms);
  await feed.publish();
  assert.equal(gateway.findKey(key)?.expiresAt, (NOON + 120 * DAY) / 1000);
  state.clock.now = NOON + 121 * DAY;
  await feed.republish();
  assert.equal(gateway.findKey(key), undefined);
  const policy = { warnAfterMs: 90 * DAY, refuseAfterMs: 120 * DAY };
  const verdicts = [89, 90, 119, 120].map((days) => rotationOf(record, NOON + days * DAY, policy));
  assert.deepEqual(verdicts, ['fine', 'due', 'due', 'overdue']);
  assert.equal(rotationOf(record, NOON, { warnAfterMs: null, refuseAfterMs: null }), 'none');
});

test('a change is everywhere only when each gateway that serves has confirmed it', async (t) => {
  const { state, feed } = await openFeed(t);
  await feed.publish();
  feed.gatewayUp('a');
  feed.gatewayUp('b');
  await state.keys.create(terms);
  let isEverywhere = false;
  const reaching = feed.reach(5_000).then(() => {
    isEverywhere = true;
  });
  while (feed.sequence === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  feed.confirmed('a', feed.sequence);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(isEverywhere, false, 'b may still decide by what was');
  feed.confirmed('b', feed.sequence - 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(isEverywhere, false, 'b has confirmed something older');
  feed.gatewayDown('b');
  await reaching;
});

test('a change is not everywhere while a gateway elsewhere may decide by something older', async (t) => {
  const { state, feed, elsewhere } = await openFeed(t);
  await feed.publish();
  elsewhere.push('a');
  await state.keys.create(terms);
  await assert.rejects(feed.reach(50), (error: NotEverywhereError) => {
    assert.ok(error instanceof NotEverywhereError);
    assert.deepEqual(error.gateways, ['a']);
    return true;
  });
  const reaching = feed.reach(PATIENCE_MS);
  elsewhere.pop();
  feed.settle();
  await reaching;
});

test('a block is sent with its end, and its undoing takes it away', async (t) => {
  const { state, gateway, feed } = await openFeed(t);
  await feed.publish();
  const wish = { kind: 'address', value: '192.0.2.1', reason: 'x', createdBy: 'o' } as const;
  const block = await state.blocks.block({ ...wish, until: NOON + DAY });
  await feed.publish();
  assert.equal(gateway.blockOfAddress('192.0.2.1', NOON)?.id, block.id);
  assert.equal(gateway.blockOfAddress('192.0.2.1', NOON + DAY), undefined);
  await state.blocks.undo(block.id, 'o');
  await feed.publish();
  assert.equal(gateway.blockOfAddress('192.0.2.1', NOON), undefined);
});
