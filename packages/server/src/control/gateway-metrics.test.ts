import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayMetrics } from './gateway-metrics.ts';

const gateway = (name: string, isConnected = true) => ({ name, isConnected });

/** As a gateway tells it: one list a thread. */
function counted(calls: number) {
  const labels = { api: 'shop', operation: 'GET /things', decision: 'forwarded', code: '-' };
  const counter = { type: 'counter', aggregator: 'sum', help: 'Calls.' };
  const name = 'poorter_call_duration_seconds';
  const values = [
    { value: calls, labels: { le: 0.01 }, metricName: `${name}_bucket` },
    { value: calls, labels: { le: '+Inf' }, metricName: `${name}_bucket` },
    { value: calls / 100, labels: {}, metricName: `${name}_sum` },
    { value: calls, labels: {}, metricName: `${name}_count` },
  ];
  return [
    [
      { ...counter, name: 'poorter_calls_total', values: [{ value: calls, labels }] },
      { name, type: 'histogram', aggregator: 'sum', help: 'Seconds.', values },
    ],
  ];
}

test('every gateway has its own series; one that is cut off or silent has none, and is down', async () => {
  let nowMs = 0;
  const metrics = new GatewayMetrics(() => nowMs);
  metrics.heard('here', counted(3));
  metrics.heard('away', counted(5));
  metrics.applied('away', 7);
  const both = await metrics.render([gateway('here'), gateway('away'), gateway('never')]);
  const calls = 'api="shop",operation="GET /things",decision="forwarded",code="-"';
  assert.ok(both.includes(`poorter_calls_total{gateway="here",${calls}} 3\n`), both);
  assert.ok(both.includes(`poorter_calls_total{gateway="away",${calls}} 5\n`), both);
  assert.ok(both.includes('poorter_call_duration_seconds_bucket{gateway="away",le="+Inf"} 5\n'));
  assert.ok(both.includes('poorter_call_duration_seconds_count{gateway="away"} 5\n'));
  assert.ok(both.includes('poorter_gateway_snapshot_version{gateway="away"} 7\n'));
  assert.ok(both.includes('poorter_gateway_up{gateway="never"} 0\n'));
  assert.equal(both.match(/^# TYPE poorter_calls_total /gm)?.length, 1);

  const cutOff = await metrics.render([gateway('here'), gateway('away', false)]);
  nowMs = 5_000;
  metrics.heard('here', counted(4));
  nowMs = 11_000;
  const silent = await metrics.render([gateway('here'), gateway('away')]);
  for (const text of [cutOff, silent]) {
    assert.ok(text.includes('poorter_gateway_up{gateway="away"} 0\n'), text);
    assert.ok(text.includes('poorter_gateway_up{gateway="here"} 1\n'), text);
    assert.equal(/\{gateway="away"[,}].*\} [1-9]/.test(text), false, text);
  }
  // Back, with the counts that were its own all the time.
  metrics.heard('away', counted(6));
  assert.ok(
    (await metrics.render([gateway('away')])).includes(
      `poorter_calls_total{gateway="away",${calls}} 6\n`,
    ),
  );
});

test('a gateway cannot write lines of its own, other metrics, or more series than its share', async () => {
  const metrics = new GatewayMetrics(() => 0);
  const total = (values: unknown[], name = 'poorter_calls_total') => [
    { name, help: 'x\n# y', type: 'counter', aggregator: 'sum', values },
  ];
  const evil = 'a"} 1\npoorter_gateway_up{gateway="b"} 1\n';
  metrics.heard('a', [
    total([
      { value: 1, labels: { operation: evil } },
      { value: -5, labels: { operation: 'negative' } },
      { value: 'NaN', labels: { operation: 'text' } },
      { value: 1, labels: { gateway: 'b' } },
      { value: 1, labels: {}, metricName: 'poorter_gateway_up' },
      { value: 1, labels: { operation: 'x'.repeat(10_000) } },
      null,
    ]),
    total([{ value: 1, labels: {} }], 'process_cpu_seconds_total'),
    'no metrics',
    [null, 7, { name: '__proto__' }],
  ]);
  const text = await metrics.render([gateway('a'), gateway('b')]);
  for (const line of text.trimEnd().split('\n')) {
    assert.match(
      line,
      /^(?:# (?:HELP|TYPE) poorter_[a-z_]+ .*|poorter_[a-z_]+\{gateway="[ab]".*\} \d+)$/,
    );
  }
  assert.equal(text.match(/^poorter_calls_total\{/gm)?.length, 1);
  assert.ok(text.includes('poorter_gateway_up{gateway="b"} 0\n'));

  const many = Array.from({ length: 50_000 }, (_, index) => ({
    ...{ value: 1, labels: { operation: `o${index}` } },
  }));
  const other = new GatewayMetrics(() => 0);
  other.heard('a', [total(many)]);
  const lines =
    (await other.render([gateway('a')])).match(/^poorter_calls_total\{.* (\d+)$/gm) ?? [];
  assert.equal(lines.length, 5_001);
  const sum = lines.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' '))), 0);
  assert.equal(sum, 50_000);
});

test('whoever looks at the state of the gate does not wait for the series of all operations, nor others for them', async () => {
  const metrics = new GatewayMetrics(() => 0);
  const values = Array.from({ length: 5_000 }, (_, index) => ({
    ...{ value: 1, labels: { api: 'bank', operation: `GET /o${index}`, decision: 'forwarded' } },
  }));
  let read = 0;
  const watched = values.map((value) => ({
    get value() {
      read += 1;
      return value.value;
    },
    labels: value.labels,
  }));
  const calls = { ...{ name: 'poorter_calls_total', help: 'x', type: 'counter' }, values: watched };
  const away = {
    ...{ name: 'poorter_counters_away', help: 'x' },
    values: [{ value: 1, labels: {} }],
  };
  const thread = [
    { ...calls, aggregator: 'sum' },
    { ...away, aggregator: 'max' },
  ];
  metrics.heard('a', [thread]);
  assert.deepEqual(metrics.troublesOf('a'), ['poorter_counters_away']);
  assert.equal(read, 0);
  let turns = 0;
  let isRendering = true;
  const text = metrics.render([gateway('a')]).finally(() => {
    isRendering = false;
  });
  while (isRendering) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(turns >= 5, `${turns} turns`);
  assert.equal((await text).match(/^poorter_calls_total/gm)?.length, 5_000);
});
