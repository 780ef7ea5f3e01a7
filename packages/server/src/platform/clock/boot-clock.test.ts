import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BootClock, bootMs } from './boot-clock.ts';

function machine() {
  const at = { monotonic: 1_000, slept: 0, wall: 1_700_000_000_000, looks: 0 };
  const clock = new BootClock({
    monotonicMs: () => at.monotonic,
    uptimeMs: () => {
      at.looks += 1;
      return Math.floor((at.monotonic + at.slept) / 10) * 10;
    },
    wallMs: () => at.wall,
  });
  const run = (ms: number) => {
    at.monotonic += ms;
    at.wall += ms;
  };
  const sleep = (ms: number, doesWallShow = true) => {
    at.slept += ms;
    if (doesWallShow) at.wall += ms;
  };
  return { at, clock, run, sleep };
}

test('a machine that slept knows of it at the first look at the clock, not at its next beat', () => {
  const { clock, run, sleep } = machine();
  const before = clock.now();
  run(30);
  sleep(600_000);
  run(1);
  const passed = clock.now() - before;
  assert.ok(passed >= 600_000, `${passed} ms`);
});

test('a sleep that the wall clock hides, set back by as much, is known a fiftieth of a second later', () => {
  const { clock, run, sleep } = machine();
  const before = clock.now();
  run(30);
  sleep(600_000, false);
  run(20);
  const passed = clock.now() - before;
  assert.ok(passed >= 600_000, `${passed} ms`);
});

test('a wall clock that is set moves nothing', () => {
  const { at, clock, run } = machine();
  const before = clock.now();
  for (const step of [300_000, -7_200_000, 86_400_000]) {
    at.wall += step;
    run(50);
  }
  const passed = clock.now() - before;
  assert.ok(passed >= 140 && passed <= 160, `${passed} ms`);
});

test('a thread that is held up while it looks takes no time for passed that did not pass', () => {
  let monotonic = 0;
  const clock = new BootClock({
    monotonicMs: () => monotonic,
    // Held up for a second after the uptime was read.
    uptimeMs: () => {
      const up = monotonic;
      monotonic += 1_000;
      return up;
    },
    wallMs: () => 0,
  });
  assert.ok(clock.now() <= monotonic, 'never ahead of the truth');
});

test('the machine is asked for its uptime fifty times a second, not at every call', () => {
  const { at, clock, run } = machine();
  for (let call = 0; call < 10_000; call++) {
    clock.now();
    run(0.1);
  }
  assert.ok(at.looks <= 52, `${at.looks} looks in a second`);
});

test('on this machine the clock goes on as the monotonic one does', () => {
  const first = bootMs();
  const from = process.hrtime.bigint();
  while (process.hrtime.bigint() - from < 30_000_000n);
  const passed = bootMs() - first;
  assert.ok(passed >= 29, `${passed} ms`);
});
