import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricText } from '../platform/metrics/index.ts';
import { FakeWorld } from '../platform/world/fake-world.fixture.ts';
import { realWorld } from '../platform/world/index.ts';
import { LoopDelay } from './loop-delay.ts';

const seriesOf = ({ metrics }: LoopDelay, series: string) => {
  const text = new MetricText();
  for (const one of metrics) text.add(one);
  const lines = text.toString().split('\n');
  return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length));
};

test('of every second the longest delay is counted, and the worst of a minute is told to whoever asks then', () => {
  const world = new FakeWorld();
  const delays = { count: 0, max: 0, reset: () => Object.assign(delays, { count: 0, max: 0 }) };
  const delay = new LoopDelay(world, delays);
  const second = (ms: number) => {
    Object.assign(delays, { count: 100, max: (10 + ms) * 1e6 });
    world.advance(1_000);
  };
  second(2);
  second(300);
  second(0);
  const name = 'poorter_control_loop_delay';
  assert.equal(seriesOf(delay, `${name}_seconds_bucket{le="0.005"}`), 2);
  assert.equal(seriesOf(delay, `${name}_seconds_bucket{le="0.25"}`), 2);
  assert.equal(seriesOf(delay, `${name}_seconds_bucket{le="0.5"}`), 3);
  assert.equal(seriesOf(delay, `${name}_seconds_count`), 3);
  assert.ok(Math.abs(seriesOf(delay, `${name}_seconds_sum`) - 0.302) < 1e-9);
  assert.equal(seriesOf(delay, `${name}_max_seconds`), 0.3);
  for (let at = 0; at < 59; at++) second(1);
  assert.equal(seriesOf(delay, `${name}_max_seconds`), 0.001);
  delay.close();
});

test('a loop that is held up is told', async (t) => {
  const delay = new LoopDelay(realWorld);
  t.after(() => delay.close());
  const pause = () => new Promise((resolve) => setTimeout(resolve, 30));
  await pause();
  const until = performance.now() + 120;
  while (performance.now() < until);
  await pause();
  assert.ok(seriesOf(delay, 'poorter_control_loop_delay_max_seconds') > 0.08);
});
