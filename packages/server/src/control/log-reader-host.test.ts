import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rotateMasterKey } from '../platform/secrets/index.ts';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { realWorld } from '../platform/world/index.ts';
import { drain, lineOf, NODE, openWorld } from '../security-log/log.fixture.ts';
import { CallerLeftError, CursorError } from '../state/index.ts';
import { LogReaderHost } from './log-reader-host.ts';
import { openState } from './stores/index.ts';
import { freshDirectory, masterKeyIn, namedMasterKey } from './stores/stores.fixture.ts';

/** A log with so many records, sealed under keys of a real store, and who reads it from a thread. */
async function openLogOf(
  t: TestContext,
  records: number,
  clock = realWorld as Pick<typeof realWorld, 'after'>,
) {
  const dataDirectory = freshDirectory(t);
  const place = { kind: 'sqlite' as const, file: join(dataDirectory, 'state.sqlite') };
  const masterKey = masterKeyIn(dataDirectory);
  const state = await openState({ place, dataDirectory, masterKey, world: realWorld });
  t.after(() => state.close());
  const world = await openWorld();
  t.after(() => world.close());
  const writer = world.writer();
  for (let at = 0; at < records; at++) {
    writer.admit();
    writer.append(lineOf(at));
  }
  await writer.close();
  await drain(await world.recorder({ subjectKeys: state.subjectKeys }));
  const host = new LogReaderHost(
    {
      ...{ node: NODE, log: world.place, state: place, dataDirectory },
      ...{ ring: state.ring.handOver(), signingSeed: Buffer.alloc(32, 7) },
    },
    clock,
  );
  t.after(() => host.close());
  return { state, host, masterKey };
}

test('whoever asks the log from control reads who called, and a wrong cursor is said to be one', async (t) => {
  const { host } = await openLogOf(t, 40);
  const first = await host.search({ client: 'client-1', limit: 5 });
  assert.equal(first.items.length, 5);
  const [item] = first.items as readonly { who: { client: string } }[];
  assert.equal(item?.who.client, 'client-1');
  const rest = await host.search({ client: 'client-1', limit: 50, cursor: first.next as string });
  assert.equal(first.items.length + rest.items.length, 13);
  const uses = await host.usesOf('credential-1', 0);
  assert.equal(
    uses.reduce((sum, { calls }) => sum + calls, 0),
    10,
  );
  assert.notEqual(await host.show(NODE, 3), undefined);
  assert.equal(await host.show(NODE, 4_000), undefined);
  assert.equal((await host.checkpoints()).length, 1);
  await assert.rejects(host.search({ limit: 5, cursor: 'no cursor' }), CursorError);
});

test('nobody who asks control waits for a search: it is read in another thread', async (t) => {
  const { host } = await openLogOf(t, 6_000);
  await host.checkpoints();
  let isReading = true;
  const reading = Promise.all(
    Array.from({ length: 8 }, () => host.search({ subject: 'nobody', limit: 200 })),
  ).finally(() => {
    isReading = false;
  });
  let turns = 0;
  while (isReading) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await reading;
  // On this loop, each of the eight would have been one long turn.
  assert.ok(turns > 100, `${turns} turns`);
});

test('after an erasure the thread knows nothing any more, and the next who asks reads what is left', async (t) => {
  const { host, state } = await openLogOf(t, 40);
  const before = await host.search({ subject: 'person-2', limit: 50 });
  assert.ok(before.items.length > 0);
  await state.act(({ persons }) => persons.erase({ kind: 'subject', value: 'person-2' }));
  const asked = assert.rejects(host.search({ subject: 'person-2', limit: 50 }), /erased meanwhile/);
  await host.forget();
  await asked;
  const after = await host.search({ subject: 'person-2', limit: 50 });
  assert.deepEqual(after.items, []);
});

test('the log is read on after the master key was changed beside a server that knows the old one', async (t) => {
  const { host, state, masterKey } = await openLogOf(t, 40);
  const other = namedMasterKey('5c'.repeat(32));
  await rotateMasterKey(state.database, masterKey, other, realWorld.now);
  const { items } = await host.search({ client: 'client-1', limit: 5 });
  assert.equal((items[0] as { who: { client: string } }).who.client, 'client-1');
});

test('a query that takes too long is given up, and others are answered', async (t) => {
  const clock = new FakeWorld();
  const { host } = await openLogOf(t, 40, clock);
  const late = host.search({ limit: 5 });
  clock.advance(60_000);
  await assert.rejects(late, /did not answer within 60 s/);
  assert.equal((await host.search({ limit: 5 })).items.length, 5);
  // Nobody asks any more: the thread ends, and another one is started.
  clock.advance(31_000);
  assert.equal((await host.search({ limit: 5 })).items.length, 5);
});

test('a flood of queries is refused, and does not grow without bound', async (t) => {
  const { host } = await openLogOf(t, 40);
  const asked = await Promise.allSettled(
    Array.from({ length: 150 }, () => host.search({ limit: 1 })),
  );
  assert.equal(asked.filter(({ status }) => status === 'rejected').length, 50);
});

test('a caller who leaves holds up nobody: its query ends, what waited is not begun, and the next is answered soon', async (t) => {
  const { host } = await openLogOf(t, 3_000);
  const everything = { reported: true, limit: 200 };
  const MANY = 30;
  const takes = async (work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  const all = () => Promise.all(Array.from({ length: MANY }, () => host.search(everything)));
  const behindThoseWhoLeave = async () => {
    const leaving = new AbortController();
    const left = Array.from({ length: MANY }, () =>
      assert.rejects(host.search(everything, leaving.signal), CallerLeftError),
    );
    const stays = host.search({ client: 'client-1', limit: 5 });
    leaving.abort();
    await Promise.all(left);
    assert.equal((await stays).items.length, 5, 'others are not harmed');
    assert.notEqual(await host.show(NODE, 3), undefined);
  };
  // With a thread that runs, and as much as they take when everybody stays.
  await host.checkpoints();
  const told: string[] = [];
  // Whatever else the machine does takes from one or the other: it is soon in some round, or in none.
  for (let isSoon = false; !isSoon; ) {
    const wholeMs = await takes(all);
    const quickMs = await takes(behindThoseWhoLeave);
    isSoon = quickMs < wholeMs / 3;
    told.push(`${quickMs} ms behind those who left, ${wholeMs} ms behind others`);
    assert.ok(isSoon || told.length < 10, told.join('\n'));
  }
  await assert.rejects(host.search(everything, AbortSignal.abort()), CallerLeftError);
});

test('a query that does not stop when it is given up takes no other with it: they are asked of another thread', async (t) => {
  const clock = new FakeWorld();
  const { host } = await openLogOf(t, 40, clock);
  const stuck = assert.rejects(host.search({ limit: 5 }), /did not answer within 60 s/);
  const behind = host.search({ limit: 5 });
  // This loop has not turned: nothing of the thread can be heard in between.
  clock.advance(65_000);
  await stuck;
  assert.equal((await behind).items.length, 5);
});
