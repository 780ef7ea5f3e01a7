import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { MetricText } from '../platform/metrics/index.ts';
import { readPrometheusText } from '../platform/metrics/prometheus-text.fixture.ts';
import { processMetrics } from './process-metrics.ts';

const series = (): Map<string, number> =>
  new Map(
    processMetrics().map(({ name, values }) => [
      name.replace('poorter_control_', ''),
      values[0]?.value ?? Number.NaN,
    ]),
  );

test('control tells its own memory, processor time and file handles as they are', () => {
  const found = series();
  const { rss } = process.memoryUsage();
  const resident = found.get('process_resident_memory_bytes') as number;
  assert.ok(resident > rss / 2 && resident < rss * 2, `${resident} of ${rss}`);
  const { user, system } = process.cpuUsage();
  const seconds = found.get('process_cpu_seconds_total') as number;
  assert.ok(seconds > 0 && seconds <= (user + system) / 1e6);
  const startedMs = (found.get('process_start_time_seconds') as number) * 1_000;
  assert.ok(Math.abs(Date.now() - process.uptime() * 1_000 - startedMs) < 5_000);
  for (const [name, value] of found) assert.ok(Number.isFinite(value) && value >= 0, name);
  const most = found.get('process_max_fds') as number;
  const open = found.get('process_open_fds') as number;
  assert.ok(open > 2 && open <= readdirSync('/proc/self/fd').length + 1 && open <= most);
});

test('each series has its name and kind before it, as collectors ask for them', () => {
  const text = new MetricText();
  for (const one of processMetrics()) text.add(one);
  const read = readPrometheusText(text.toString());
  assert.ok(read.size >= 8, text.toString());
  for (const [name, { type }] of read) {
    assert.match(name, /^poorter_control_(?:process|nodejs)_/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
