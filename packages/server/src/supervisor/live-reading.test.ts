import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveChange, LiveMessage } from '@poorter/engine';
import { LiveReading } from './live-reading.ts';

const key = {
  ...{ id: 'key_1', client: 'key_1', name: 'Shop', hash: 'aa', scopes: ['read'], roles: [] },
  ...{ networks: [], expiresAt: null },
};
const block = { id: 'block_1', kind: 'address', value: '192.0.2.1', untilMs: null };
const denial = { id: 'denial_1', kind: 'grant', issuer: 'https://login.bank.test', value: 'g1' };
const NOTHING = { put: [], removed: [] };

/** As a control sends it that may be newer than we are. */
function change(sequence: number, what: object): LiveMessage {
  return { type: 'live-change', change: { sequence, keys: NOTHING, blocks: NOTHING, ...what } };
}

function changeIn(message: LiveMessage): LiveChange {
  assert.ok(message.type === 'live-change');
  return message.change;
}

test('what this version knows is confirmed', () => {
  const reading = new LiveReading();
  const limits = {
    limit: { requests: 1, per: 'minute', by: 'client', whenCountersAreAway: 'share' },
  };
  const sent = change(7, {
    keys: { put: [{ ...key, limits }], removed: ['key_2'] },
    blocks: { put: [block], removed: [] },
    denied: { put: [denial], removed: ['denial_2'] },
  });
  assert.deepEqual(reading.read(sent), sent);
  assert.equal(reading.confirmable(7), 7);
});

const STRANGERS: Readonly<Record<string, object>> = {
  'a block of another kind': { blocks: { put: [{ ...block, kind: 'country' }], removed: [] } },
  'a block with a condition': { blocks: { put: [{ ...block, onlyFor: 'x' }], removed: [] } },
  'a denial of another kind': {
    denied: { put: [{ ...denial, kind: 'session' }], removed: [] },
  },
  'a denial with a condition': {
    denied: { put: [{ ...denial, exceptFor: 'x' }], removed: [] },
  },
  'a key with a condition': { keys: { put: [{ ...key, methods: ['GET'] }], removed: [] } },
  'a key with another kind of limit': {
    keys: { put: [{ ...key, limits: { bytes: { perDay: 1 } } }], removed: [] },
  },
  'another stream of restrictions': { sessions: { ended: ['s1'] } },
  'another list of keys': { keys: { ...NOTHING, suspended: ['key_1'] } },
};

for (const [what, stranger] of Object.entries(STRANGERS)) {
  test(`${what} that a newer control sends is not confirmed, nor anything after it`, () => {
    const reading = new LiveReading();
    const read = changeIn(reading.read(change(5, stranger)));
    const { keys, blocks, denied = NOTHING } = read;
    const put = [...keys.put, ...blocks.put, ...denied.put];
    assert.deepEqual(put, [], 'and a key is not accepted');
    assert.equal(reading.confirmable(5), 4);
    reading.read(change(6, {}));
    assert.equal(reading.confirmable(6), 4);
    assert.equal(reading.confirmable(3), 3);
    assert.equal(reading.strangers.length, 1);
  });

  test(`${what} stops the confirmation no longer once everything was sent without it`, () => {
    const reading = new LiveReading();
    reading.read(change(5, stranger));
    const state = { sequence: 9, keyHashKey: null, keys: [], blocks: [] };
    reading.read({ type: 'live', state });
    assert.equal(reading.confirmable(9), 9);
  });
}

test('a key that was known loses its place when a condition comes that is not', () => {
  const reading = new LiveReading();
  reading.read(change(1, { keys: { put: [key], removed: [] } }));
  const strange = { put: [{ ...key, methods: ['GET'] }], removed: [] };
  const read = changeIn(reading.read(change(2, { keys: strange })));
  assert.deepEqual(read.keys, { put: [], removed: ['key_1'] });
});

test('what was not understood is confirmed again when it is taken back, or becomes known', () => {
  const reading = new LiveReading();
  reading.read(change(5, { blocks: { put: [{ ...block, kind: 'country' }], removed: [] } }));
  reading.read(change(6, { keys: { put: [{ ...key, methods: [] }], removed: [] } }));
  reading.read(change(7, { blocks: { put: [], removed: ['block_1'] } }));
  assert.equal(reading.confirmable(7), 5);
  reading.read(change(8, { keys: { put: [key], removed: [] } }));
  assert.equal(reading.confirmable(8), 8);
});

test('everything, sent with a stranger in it, is not confirmed', () => {
  const reading = new LiveReading();
  const strange = { ...block, kind: 'country' };
  const state = { sequence: 9, keyHashKey: null, keys: [key], blocks: [strange] };
  const read = reading.read({ type: 'live', state } as unknown as LiveMessage);
  assert.ok(read.type === 'live');
  assert.deepEqual(read.state.blocks, []);
  assert.equal(reading.confirmable(9), 8);
});
