import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, measureWindow, type Window, writeLoadScript } from './load.ts';
import { startDescribed } from './scale.ts';
import type { Effort } from './scenarios.ts';
import { shown, spreadOf, table } from './tables.ts';
import type { Upstream } from './upstream.ts';
import { freePort, type World } from './world.ts';

/** Fewer than in the other parts: a full queue would hide what a reload adds to it. */
const CONNECTIONS = 8;
const PATHS = 300;
/** From one version in force to the next signal. */
const PAUSE_MS = 100;
const RELOAD_MS_MAX = 30_000;

/** What is reloaded: the same text again, or one that differs in a single schema. */
const KINDS = ['the same description', 'one schema changed'] as const;

export interface ReloadResult {
  readonly kind: (typeof KINDS)[number];
  readonly rounds: readonly {
    readonly quiet: Window;
    readonly busy: Window;
    readonly reloads: number;
  }[];
}

/** How much longer do calls take while 600 operations are reloaded again and again? */
export async function runReload(
  world: World,
  upstream: Upstream,
  { rounds, seconds }: Effort,
): Promise<ReloadResult[]> {
  console.log('\nreload');
  const folder = 'reload';
  const control = `127.0.0.1:${await freePort()}`;
  const running = await startDescribed(world, upstream, {
    folder,
    description: describe(0),
    keys: 'keys: []\n',
    headers: {},
    path: '/things',
    configuration: { control: { address: control } },
  });
  const { program } = running;
  const target = { origin: running.origin, pid: program.pid };
  const script = writeLoadScript(world, folder, calls());
  const measure = () => measureWindow(script, target, seconds, CONNECTIONS);
  const version = async () => {
    const answer = await fetch(`http://${control}/health/ready`);
    return ((await answer.json()) as { snapshot: number }).snapshot;
  };
  let changes = 0;
  const reload = async (kind: ReloadResult['kind']) => {
    const before = await version();
    if (kind === 'one schema changed') {
      world.write(`${folder}/api.yaml`, JSON.stringify(describe(++changes)));
    }
    program.child.kill('SIGHUP');
    const deadline = performance.now() + RELOAD_MS_MAX;
    while ((await version()) <= before) {
      if (performance.now() > deadline) throw new Error(`no new version: ${program.output()}`);
      await sleep(25);
    }
  };
  await measure();
  const results = KINDS.map((kind) => ({ kind, rounds: [] as ReloadResult['rounds'][number][] }));
  for (let round = 0; round < rounds; round++) {
    for (const { kind, rounds: done } of results) {
      const quiet = await measure();
      let isOver = false;
      const window = measure().finally(() => {
        isOver = true;
      });
      let reloads = 0;
      while (!isOver) {
        await reload(kind);
        reloads++;
        await sleep(PAUSE_MS);
      }
      done.push({ quiet, busy: await window, reloads });
    }
  }
  await program.stop();
  return results;
}

/** Reads and checked writes in turn, so that generated validators are in use while they change. */
function calls(): Call[] {
  const body = JSON.stringify({ id: 'a-1', name: 'one', tags: ['x', 'y'] });
  return Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0
      ? { method: 'GET', path: '/things', headers: {} }
      : {
          method: 'POST',
          path: `/large/${index}`,
          headers: { 'Content-Type': 'application/json' },
          body,
        },
  );
}

/** Six hundred operations, each with a schema of its own, and one small read. */
function describe(change: number): object {
  const answers = { 200: { description: 'Done.', content: { 'application/json': {} } } };
  const operation = (index: number) => ({
    requestBody: { content: { 'application/json': { schema: schema(index) } } },
    responses: answers,
  });
  const schema = (index: number) => ({
    type: 'object',
    required: ['id', 'name'],
    properties: {
      id: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' },
      name: { type: 'string', maxLength: 100 + index + (index === 0 ? change : 0) },
      tags: { type: 'array', maxItems: 10, items: { type: 'string', minLength: 1 } },
    },
  });
  const large = Array.from({ length: PATHS }, (_, index) => [
    `/large/${index}`,
    { post: operation(index), put: operation(index) },
  ]);
  return {
    openapi: '3.1.1',
    info: { title: 'Reloaded', version: '1.0.0' },
    security: [],
    paths: { '/things': { get: { responses: answers } }, ...Object.fromEntries(large) },
  };
}

export function reloadTable(results: readonly ReloadResult[]): string {
  const rows = results.map(({ kind, rounds }) => [
    kind,
    shown(spreadOf(rounds.map(({ quiet }) => quiet.p99Ms)), 1),
    shown(spreadOf(rounds.map(({ busy }) => busy.p99Ms)), 1),
    // Within each round: what disturbs one window disturbs its neighbour.
    shown(spreadOf(rounds.map(({ quiet, busy }) => busy.p99Ms / quiet.p99Ms)), 2),
    shown(spreadOf(rounds.map(({ quiet }) => quiet.callsPerSecond))),
    shown(spreadOf(rounds.map(({ busy }) => busy.callsPerSecond))),
    shown(spreadOf(rounds.map(({ reloads }) => reloads))),
  ]);
  const head = [
    '600 operations',
    'p99 ms quiet',
    'p99 ms reloading',
    'ratio',
    'calls/s quiet',
    'calls/s reloading',
    'reloads',
  ];
  return `## reload: how much longer do calls take while the description is reloaded?\n\n${table(head, rows)}`;
}
