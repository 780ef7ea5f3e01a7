import { measureWindow, type Window, writeLoadScript } from './load.ts';
import { SCOPE } from './orders.ts';
import { makeKeys, startPoorter } from './peers/poorter.ts';
import type { Effort } from './scenarios.ts';
import { shown, spreadOf, table } from './tables.ts';
import type { Upstream } from './upstream.ts';
import { freePort, type Program, untilAnswering, type World } from './world.ts';

/** A description and a key file of a chosen size. */
export interface Size {
  readonly name: string;
  readonly operations: number;
  /** 0: calls are anonymous. */
  readonly keys: number;
}

export const SIZES: readonly Size[] = [
  { name: '10 operations', operations: 10, keys: 0 },
  { name: '1,000 operations', operations: 1_000, keys: 0 },
  { name: '10,000 operations', operations: 10_000, keys: 0 },
  { name: '10 operations, 1 key', operations: 10, keys: 1 },
  { name: '10 operations, 100,000 keys', operations: 10, keys: 100_000 },
];

export interface ScaleResult {
  readonly size: Size;
  readonly windows: readonly Window[];
}

/** Large key files take their time to be read. */
const START_MS_MAX = 120_000;
/** Connections walk over so many different operations. */
const PATHS = 1_000;

/** Does a call cost more when there is more to find it in? */
export async function runScale(
  world: World,
  upstream: Upstream,
  { rounds, seconds }: Effort,
): Promise<ScaleResult[]> {
  console.log('\nscale');
  const runs = [];
  for (const [index, size] of SIZES.entries()) {
    const running = await startSized(world, upstream, size, `scale-${index}`);
    const paths = Math.min(size.operations, PATHS);
    const calls = Array.from({ length: paths }, (_, turn) => ({
      method: 'GET' as const,
      path: pathOf(Math.floor((turn * size.operations) / paths)),
      headers: running.headers,
    }));
    const script = writeLoadScript(world, `scale-${index}`, calls);
    runs.push({ size, running, script, windows: [] as Window[] });
  }
  for (let round = -1; round < rounds; round++) {
    for (const { running, script, windows } of runs) {
      const target = { origin: running.origin, pid: running.program.pid };
      const window = await measureWindow(script, target, seconds);
      // The first warms up.
      if (round >= 0) windows.push(window);
    }
  }
  await Promise.all(runs.map(({ running }) => running.program.stop()));
  return runs.map(({ size, windows }) => ({ size, windows }));
}

export interface RunningSize {
  readonly program: Program;
  readonly origin: string;
  readonly headers: Record<string, string>;
  /** From spawn to the first 200. */
  readonly startMs: number;
}

export async function startSized(
  world: World,
  upstream: Upstream,
  size: Size,
  folder: string,
): Promise<RunningSize> {
  const { apiKey, keys } = size.keys > 0 ? makeKeys(size.keys) : { apiKey: '', keys: 'keys: []\n' };
  const headers: Record<string, string> = size.keys > 0 ? { 'X-Api-Key': apiKey } : {};
  const description = describe(size);
  return startDescribed(world, upstream, { folder, description, keys, headers, path: pathOf(0) });
}

/** Poorter with this description, measured until `path` answers 200. */
export async function startDescribed(
  world: World,
  upstream: Upstream,
  setup: {
    folder: string;
    description: object | string;
    keys: string;
    headers: Record<string, string>;
    path: string;
    configuration?: object;
  },
): Promise<RunningSize> {
  const port = await freePort();
  const { folder, description, keys, headers, path } = setup;
  world.makeFolder(folder);
  const configuration = {
    listen: [{ address: `127.0.0.1:${port}` }],
    apis: [{ spec: './api.yaml', upstream: upstream.origin }],
    ...setup.configuration,
  };
  const spawned = performance.now();
  const program = startPoorter(world, folder, { description, keys, configuration });
  const origin = `http://127.0.0.1:${port}`;
  const options = { headers, status: 200, patienceMs: START_MS_MAX };
  await untilAnswering(origin + path, program, options);
  return { program, origin, headers, startMs: performance.now() - spawned };
}

function pathOf(index: number): string {
  return `/group-${index % 100}/thing-${index}/a1b2`;
}

function describe({ operations, keys }: Size): object {
  const answers = { 200: { description: 'Done.', content: { '*/*': {} } } };
  const paths: Record<string, object> = {};
  for (let index = 0; index < operations; index++) {
    paths[`/group-${index % 100}/thing-${index}/{id}`] = {
      get: {
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 20 } },
        ],
        responses: answers,
      },
    };
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Sized', version: '1.0.0' },
    security: keys > 0 ? [{ key: [SCOPE] }] : [],
    paths,
    components: {
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } },
    },
  };
}

export function scaleTable(results: readonly ScaleResult[]): string {
  const cost = (windows: readonly Window[]) =>
    spreadOf(windows.map(({ cpuMicrosPerCall }) => cpuMicrosPerCall));
  const rows = results.map(({ size, windows }) => {
    // The first of the same kind: with keys, or without.
    const first = results.find((one) => one.size.keys > 0 === size.keys > 0);
    const added = cost(windows).median - cost(first?.windows ?? []).median;
    return [size.name, shown(cost(windows)), added === 0 ? '–' : added.toFixed(1)];
  });
  const head = ['Poorter with', 'CPU µs/call', 'added by size'];
  return `## scale: does a call cost more when there is more to find it in?\n\n${table(head, rows)}`;
}
