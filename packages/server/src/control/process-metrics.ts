import { readdirSync, readFileSync } from 'node:fs';
import { family, type MetricFamily } from '../platform/metrics/index.ts';

type Row = readonly [name: string, type: 'counter' | 'gauge', help: string, value: number];

const STARTED_SECONDS = Math.round(performance.timeOrigin / 1_000);

/**
 * Control's own process, under the names that dashboards for Node processes know. What only Linux tells is
 * left out elsewhere.
 */
export function processMetrics(): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const rows: readonly Row[] = [
    ['process_cpu_user_seconds_total', 'counter', 'Processor time of the program.', user / 1e6],
    ['process_cpu_system_seconds_total', 'counter', 'The same, within the kernel.', system / 1e6],
    ['process_cpu_seconds_total', 'counter', 'Both of them.', (user + system) / 1e6],
    ['process_start_time_seconds', 'gauge', 'Start, since the Unix epoch.', STARTED_SECONDS],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory.', rss],
    ...fileHandles(),
    ['nodejs_heap_size_total_bytes', 'gauge', 'Heap of the main thread.', heapTotal],
    ['nodejs_heap_size_used_bytes', 'gauge', 'What of it is in use.', heapUsed],
    ['nodejs_external_memory_bytes', 'gauge', 'Memory outside the heap.', external],
  ];
  return rows.map(([name, type, help, value]) =>
    family(`poorter_control_${name}`, type, help, value),
  );
}

function fileHandles(): readonly Row[] {
  try {
    // One is the folder that is being read.
    const open = readdirSync('/proc/self/fd').length - 1;
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
    return [
      ['process_open_fds', 'gauge', 'Open file handles.', open],
      ...(Number.isNaN(most)
        ? []
        : ([['process_max_fds', 'gauge', 'How many may be open.', most]] as const)),
    ];
  } catch {
    return [];
  }
}
