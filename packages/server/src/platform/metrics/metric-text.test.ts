import assert from 'node:assert/strict';
import { test } from 'node:test';
import { family, MetricText } from './index.ts';
import { readPrometheusText } from './prometheus-text.fixture.ts';

test('a label that a stranger chose begins no line and no label of its own', () => {
  for (const evil of [
    'a"} 1\nother 1\n',
    'a\\',
    '\\"',
    '\n# TYPE other gauge',
    '",gateway="b',
    'ä\u2028 }',
  ]) {
    const text = new MetricText();
    text.add(family('calls_total', 'counter', `of ${evil}`, [{ value: 1, labels: { evil } }]), {
      gateway: evil,
    });
    const read = readPrometheusText(text.toString());
    assert.deepEqual([...read.keys()], ['calls_total']);
    assert.deepEqual(read.get('calls_total')?.samples, [
      { name: 'calls_total', labels: { gateway: evil, evil }, value: 1 },
    ]);
  }
});

test('a family stands in one piece with its help and kind once, whoever adds to it, and when', () => {
  const text = new MetricText();
  const calls = (value: number) => family('calls_total', 'counter', 'Calls.', value);
  text.add(calls(1), { gateway: 'a' });
  text.add(family('up', 'gauge', 'Up.', 1));
  text.add(calls(2), { gateway: 'b' });
  const read = readPrometheusText(text.toString());
  assert.deepEqual(
    read.get('calls_total')?.samples.map(({ labels, value }) => [labels['gateway'], value]),
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.equal(read.get('up')?.samples[0]?.value, 1);
});

test('what is no finite number is written as collectors read it', () => {
  const text = new MetricText();
  const { NaN: none, POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
  const values = [none, most, least, 1e21, 1e-7, 0].map((value, of) => ({ value, labels: { of } }));
  text.add(family('numbers', 'gauge', 'Numbers.', values));
  assert.match(text.toString(), /^numbers\{of="1"\} \+Inf$/m);
  const read = readPrometheusText(text.toString()).get('numbers')?.samples;
  assert.deepEqual(
    read?.map(({ value }) => value),
    [none, most, least, 1e21, 1e-7, 0],
  );
});

test('a family without a series says that it is there, and nothing of nothing is nothing', () => {
  const text = new MetricText();
  assert.equal(text.toString(), '');
  text.add(family('versions', 'gauge', 'Versions.', []));
  assert.equal(text.toString(), '# HELP versions Versions.\n# TYPE versions gauge\n');
});
