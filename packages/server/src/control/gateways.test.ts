import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { Gateways } from './gateways.ts';
import { NotEverywhereError } from './live-feed.ts';

/** Of a control that has just opened its stores. */
function openGateways(runsGateway: boolean) {
  const world = new FakeWorld();
  const gateways = new Gateways({
    world,
    stores: {
      keys: { list: async () => ({ items: [], next: null }), showMany: async () => [] },
      blocks: { listActive: async () => [], show: async () => undefined },
    },
    changes: {
      latest: async () => 7,
      changesSince: async (sequence) => ({
        ...{ changes: [], sequence, isGap: false, hasMore: false },
      }),
    },
    bookFile: { read: () => null, write: () => undefined },
    ...{ keyHashKey: '00', keyAgeMaxMs: () => null, mirror: null },
    ...{ runsGateway, mayServe: [], staleAfterMs: 5_000 },
    ...{ tellLocal: () => undefined, heardFrom: () => undefined, trouble: () => undefined },
  });
  return { world, ...gateways };
}

test('a gateway that went before control was open is waited for: one before it may serve still', async () => {
  const { world, live, local } = openGateways(true);
  // What stood behind an orphan of a supervisor that was killed: nobody has heard of it here.
  local.down();
  const reaching = live.reach(2_000);
  const refused = assert.rejects(reaching, NotEverywhereError);
  await new Promise(setImmediate);
  world.advance(2_000);
  await refused;

  local.up();
  local.heard({ type: 'live-applied', sequence: 7 });
  await live.reach();
  // It is known to be gone, and with it all before it.
  local.down();
  await live.reach();
});

test('where no gateway runs beside control, nobody waits for one', async () => {
  const { live } = openGateways(false);
  await live.reach();
});
