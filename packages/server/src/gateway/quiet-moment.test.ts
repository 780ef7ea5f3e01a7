import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { realWorld } from '../platform/world/index.ts';
import { AnswerPause } from './answer-pause.ts';
import { createQuietMemory, END, forgetThread, QuietMoments } from './quiet-moment.ts';

/** Threads of one gate, as far as they close listeners: all in this one. */
function threads(count: number) {
  const memory = createQuietMemory(count);
  const all = Array.from({ length: count }, (_, slot) => {
    const pause = new AnswerPause();
    const quiet = new QuietMoments({ memory, slot, world: realWorld }, pause);
    quiet.born(1);
    return { quiet, pause };
  });
  return { memory, all };
}

/** Closes one socket of a thread in its moment, as a thread that comes to it `lateMs` later. */
async function close(
  { quiet, pause }: ReturnType<typeof threads>['all'][number],
  { version = 2, lateMs = 0, atMs }: { version?: number; lateMs?: number; atMs?: number },
  told: (what: string) => void,
): Promise<void> {
  await sleep(lateMs);
  const moment = quiet.open(version, atMs);
  moment.join();
  await moment.quiet;
  assert.notEqual(pause.over, null);
  told('close');
  moment.leave();
  await moment.over;
  told('answer');
}

test('no thread closes a socket before all threads answer nobody, nor answers before all have closed', async () => {
  for (const lateMs of [0, 100, 700]) {
    const { all } = threads(3);
    const events: string[] = [];
    const closing = all.map((thread, slot) =>
      close(thread, { lateMs: slot === 1 ? lateMs : 0 }, (what) => {
        if (what === 'close') {
          const answering = all.filter(({ pause }) => pause.over === null);
          assert.equal(answering.length, 0, `${lateMs}`);
        }
        events.push(what);
      }),
    );
    await Promise.all(closing);
    assert.deepEqual(events.slice(0, 3), ['close', 'close', 'close'], `${lateMs}`);
    assert.ok(all.every(({ pause }) => pause.over === null));
  }
});

test('the same where all are told when to end, and one hears of it too late', async () => {
  const { all } = threads(2);
  const atMs = performance.now() + 200;
  const events: string[] = [];
  await Promise.all(
    all.map((thread, slot) =>
      close(thread, { version: END, atMs, lateMs: slot * 300 }, (what) => events.push(what)),
    ),
  );
  assert.deepEqual(events.slice(0, 2), ['close', 'close']);
});

test('a thread that has nothing to close, has died, or never comes holds nobody up for ever', async () => {
  const { memory, all } = threads(4);
  const [first, second, third] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];
  await second.quiet.open(2).over;
  forgetThread(memory, 2);
  forgetThread(memory, 3);
  const startedMs = performance.now();
  await close(first, {}, () => undefined);
  assert.ok(performance.now() - startedMs < 4_900, 'at once');
  // One that serves the version before, and stays with it.
  third.quiet.born(2);
  const events: string[] = [];
  await close(first, { version: 3 }, (what) => events.push(what));
  assert.deepEqual(events, ['close', 'answer']);
  assert.equal(first.pause.over, null);
});

test('moments of one thread come one after the other', async () => {
  const { all } = threads(1);
  const [only] = all as [(typeof all)[0]];
  const events: string[] = [];
  const told = (name: string) => (what: string) => void events.push(`${name} ${what}`);
  await Promise.all([
    close(only, { version: 2 }, told('first')),
    close(only, { version: 3 }, told('second')),
  ]);
  assert.deepEqual(events, ['first close', 'first answer', 'second close', 'second answer']);
});

test('on a machine where everybody is late, callers have more time to come back before sockets close', async () => {
  const slot = createQuietMemory(1);
  let nowMs = 0;
  let lateMs = 400;
  const world = {
    monotonicMs: () => nowMs,
    after: (ms: number, work: () => void) => {
      nowMs += ms + (ms > 5 ? lateMs : 0);
      queueMicrotask(work);
      return { cancel: () => undefined };
    },
  };
  const tookWith = async (late: number, calmAfter: number): Promise<number> => {
    lateMs = late;
    const quiet = new QuietMoments({ memory: slot, slot: 0, world }, new AnswerPause());
    quiet.born(1);
    const moment = quiet.open(2, nowMs);
    moment.join();
    const fromMs = nowMs;
    const watch = { ...world };
    world.after = (ms, work) => {
      if (nowMs - fromMs > calmAfter) lateMs = 0;
      return watch.after(ms, work);
    };
    await moment.quiet;
    moment.leave();
    world.after = watch.after;
    return nowMs - fromMs;
  };
  const prompt = await tookWith(0, 0);
  assert.equal(prompt, 120);
  const calmed = await tookWith(400, 900);
  assert.ok(calmed > 900 && calmed < 2_000, `${calmed}`);
  const never = await tookWith(400, Number.POSITIVE_INFINITY);
  assert.ok(never >= 2_000 && never < 3_000, `${never}`);
});
