import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import type { LinkServerOptions } from '../platform/link/index.ts';
import { programVersion } from '../platform/program/index.ts';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { Gateways } from './gateways.ts';
import { NotEverywhereError } from './live-feed.ts';

/** Of a control that has just opened its stores. */
function openGateways(runsGateway: boolean, book: string | null = null) {
  const world = new FakeWorld();
  let on: LinkServerOptions['on'] | null = null;
  const gateways = new Gateways({
    world,
    stores: {
      keys: { list: async () => ({ items: [], next: null }), showMany: async () => [] },
      blocks: { listActive: async () => [], show: async () => undefined },
      denials: { page: async () => [], some: async () => [] },
    },
    changes: {
      latest: async () => 7,
      changesSince: async (sequence) => ({
        ...{ changes: [], sequence, isGap: false, hasMore: false },
      }),
    },
    bookFile: { read: () => book, write: () => undefined },
    openServer: (options) => {
      ({ on } = options);
      return { listen: async () => '', close: () => undefined, renew: () => undefined };
    },
    ...{ keyHashKey: '00', keyAgeMaxMs: () => null, mirror: null },
    ...{ runsGateway, mayServe: [], staleAfterMs: 5_000 },
    ...{ tellLocal: () => undefined, heardFrom: () => undefined, notify: () => undefined },
  });
  const { live, local, remotes, book: gatewayBook } = gateways;
  /** A gateway connects, confirms everything and is promised time; then its wire is cut. */
  const meetAndLose = async (hello: object) => {
    const link = { address: '127.0.0.1:1', gateways: ['a'] };
    await remotes.apply(link as never, { certificate: '', key: '', authorities: [] });
    await live.publish();
    const end = { name: 'a', send: () => true, close: () => undefined };
    on?.open(end);
    on?.message(end, {
      ...{ type: 'hello', protocol: 1, oldest: 1, version: programVersion() },
      ...{ instance: '1'.repeat(32), ...hello },
    });
    on?.message(end, { type: 'live-applied', sequence: 7 });
    on?.message(end, { type: 'renew', at: 1 });
    on?.close(end);
  };
  const snapshot = (staleAfterMs: number) =>
    remotes.snapshot({ gate: { version: 2, staleAfterMs } } as unknown as RuntimeSnapshot);
  return { world, live, local, gatewayBook, meetAndLose, snapshot };
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

test('a gateway that comes back by a snapshot of long ago is waited for by its bound, not by that of today', async () => {
  const { world, gatewayBook, meetAndLose, snapshot } = openGateways(false);
  // What it cannot serve, it never decides by.
  snapshot(5_000);
  await meetAndLose({ staleAfterMs: 20_000 });
  world.advance(8_000);
  assert.deepEqual(gatewayBook.missing(7), ['a'], 'it serves for twenty seconds');
  world.advance(15_000);
  assert.deepEqual(gatewayBook.missing(7), []);
});

test('one that does not say its bound is waited for by the longest that was ever sent, also by a control before this one', async () => {
  const book = JSON.stringify({ format: 1, longestMs: 60_000, gateways: {} });
  const { world, gatewayBook, meetAndLose, snapshot } = openGateways(false, book);
  snapshot(5_000);
  await meetAndLose({});
  world.advance(60_000);
  assert.deepEqual(gatewayBook.missing(7), ['a']);
  world.advance(3_000);
  assert.deepEqual(gatewayBook.missing(7), []);
});
