import { hasRedis, RedisFixture } from '../scenarios/world/redis.fixture.ts';
import { measureWindow, type Window, writeLoadScript } from './load.ts';
import { CALLS_PER_MINUTE } from './peers/peer.ts';
import { startDescribed } from './scale.ts';
import type { Effort } from './scenarios.ts';
import { shown, spreadOf, table } from './tables.ts';
import type { Upstream } from './upstream.ts';
import type { World } from './world.ts';

export interface CounterResult {
  readonly counters: string;
  readonly connections: number;
  readonly windows: readonly Window[];
}

/** A full machine, and one on which a call waits for nothing but its own work. */
const CONNECTIONS = [32, 2];

const description = {
  openapi: '3.1.1',
  info: { title: 'Limited', version: '1.0.0' },
  security: [],
  paths: {
    '/limited': {
      get: {
        'x-poorter': { limit: { requests: CALLS_PER_MINUTE, per: 'minute' } },
        responses: { 200: { description: 'Done.', content: { '*/*': {} } } },
      },
    },
  },
};

/** What a limit costs that machines share, against one that is counted in memory. */
export async function runCounters(
  world: World,
  upstream: Upstream,
  { rounds, seconds }: Effort,
): Promise<CounterResult[]> {
  if (!hasRedis) {
    console.log('\nleft out: counters: redis-server is not installed');
    return [];
  }
  console.log('\ncounters');
  const redis = await RedisFixture.start();
  const stop = () => redis.end();
  process.once('exit', stop);
  try {
    const results = [];
    for (const counters of ['memory', redis.url]) {
      const name = counters === 'memory' ? 'memory' : 'Valkey';
      const running = await startDescribed(world, upstream, {
        ...{ folder: `counters-${name}`, description, keys: 'keys: []\n', headers: {} },
        path: '/limited',
        configuration: { counters },
      });
      const call = { method: 'GET', path: '/limited', headers: {} } as const;
      const script = writeLoadScript(world, `counters-${name}`, [call]);
      for (const connections of CONNECTIONS) {
        const windows: Window[] = [];
        results.push({ counters: name, connections, windows, running, script });
      }
    }
    const before = countedBy(redis);
    for (let round = -1; round < rounds; round++) {
      for (const { running, script, connections, windows } of results) {
        const target = { origin: running.origin, pid: running.program.pid };
        const window = await measureWindow(script, target, seconds, connections);
        // The first warms up.
        if (round >= 0) windows.push(window);
      }
    }
    if (countedBy(redis) - before < rounds * seconds) throw new Error('nothing was counted there');
    await Promise.all(results.map(({ running }) => running.program.stop()));
    return results.map(({ counters, connections, windows }) => ({
      ...{ counters, connections, windows },
    }));
  } finally {
    process.removeListener('exit', stop);
    await redis.remove();
  }
}

/** Scripts that the server has run. */
function countedBy(redis: RedisFixture): number {
  const said = redis.command('info', 'commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(said)?.[1] ?? 0);
}

export function counterTable(results: readonly CounterResult[]): string {
  const rows = results.map(({ counters, connections, windows }) => {
    const base = results.find(
      (one) => one.counters === 'memory' && one.connections === connections,
    )?.windows;
    const ratio = (pick: (window: Window) => number) =>
      shown(spreadOf(windows.map((one, at) => pick(one) / pick(base?.[at] as Window))), 2);
    return [
      `${counters}, ${connections} connections`,
      shown(spreadOf(windows.map((one) => one.cpuMicrosPerCall))),
      ratio((one) => one.cpuMicrosPerCall),
      shown(spreadOf(windows.map((one) => one.p50Ms)), 2),
      ratio((one) => one.p50Ms),
      shown(spreadOf(windows.map((one) => one.p99Ms)), 2),
      ratio((one) => one.p99Ms),
    ];
  });
  const head = ['limits in', 'CPU µs/call', '× memory', 'p50 ms', '× memory', 'p99 ms', '× memory'];
  return ['## counters: a limit that machines share', '', table(head, rows)].join('\n');
}
