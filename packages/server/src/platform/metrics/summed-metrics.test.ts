import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Metric, OTHER, SummedMetrics } from './summed-metrics.ts';

const calls = (...counts: (readonly [operation: string, value: number])[]): Metric => ({
  ...{ name: 'calls', help: 'Calls.', type: 'counter', aggregator: 'sum' },
  values: counts.map(([operation, value]) => ({ value, labels: { operation } })),
});
const underWay = (value: number): Metric => ({
  ...{ name: 'under_way', help: 'Now.', type: 'gauge', aggregator: 'max' },
  values: [{ value, labels: {} }],
});
const countOf = (metrics: readonly Metric[], operation: string) =>
  metrics
    .find(({ name }) => name === 'calls')
    ?.values.find(({ labels }) => labels['operation'] === operation)?.value;

test('a thread that ends takes no counts with it, and leaves no gauge behind', () => {
  const summed = new SummedMetrics(10);
  assert.equal(countOf(summed.sum([[calls(['a', 5])], [calls(['a', 7], ['b', 1])]]), 'a'), 12);
  summed.end([calls(['a', 7], ['b', 1]), underWay(3)]);
  const left = summed.sum([[calls(['a', 6])]]);
  assert.deepEqual([countOf(left, 'a'), countOf(left, 'b')], [13, 1]);
  assert.equal(
    left.some(({ name }) => name === 'under_way'),
    false,
  );
  summed.end([calls(['a', 6])]);
  assert.equal(countOf(summed.sum([]), 'a'), 13);
});

test('series beyond the bound lose their name, not their counts, and none ever goes backwards', () => {
  const summed = new SummedMetrics(3);
  const before = new Map<string, number>();
  let expected = 0;
  for (let round = 1; round <= 20; round++) {
    // Other operations come first each time.
    const counts = Array.from(
      { length: 8 },
      (_, index) => [`o${(index + round) % 8}`, round] as const,
    );
    expected = 8 * round;
    const metrics = summed.sum([[calls(...counts)]]);
    const { values } = metrics[0] as Metric;
    assert.equal(values.length, 4);
    assert.equal(
      values.reduce((sum, { value }) => sum + value, 0),
      expected,
    );
    for (const { labels, value } of values) {
      const operation = String(labels['operation']);
      assert.ok(value >= (before.get(operation) ?? 0), operation);
      before.set(operation, value);
    }
  }
  assert.ok(before.has(OTHER));
});

test('what threads share is told once', () => {
  const summed = new SummedMetrics(10);
  const [metric] = summed.sum([[underWay(3)], [underWay(4)]]);
  assert.equal(metric?.values[0]?.value, 4);
});
