import { setTimeout as sleep } from 'node:timers/promises';
import { readGithubDescription } from '../packages/openapi/fixtures/github-description/github-description.fixture.ts';
import { measureWindow, writeLoadScript } from './load.ts';
import { type Memory, memoryOf } from './processes.ts';
import { type RunningSize, SIZES, startDescribed, startSized } from './scale.ts';
import { shown, spreadOf, table } from './tables.ts';
import type { Upstream } from './upstream.ts';
import type { World } from './world.ts';

export interface StartResult {
  readonly name: string;
  readonly startMs: readonly number[];
  readonly idle: Memory;
  readonly loaded: Memory;
}

const STARTS = 3;
/** Until the thread that compiled has ended, and memory of the start has been given back. */
const SETTLE_MS = 15_000;

/** How long until it answers, and how much memory it keeps, by size of the description. */
export async function runStart(
  world: World,
  upstream: Upstream,
  seconds: number,
): Promise<StartResult[]> {
  console.log('\nstart');
  const results: StartResult[] = [];
  const github = describeGithub();
  const cases = [
    ...SIZES.filter(({ name }) => name !== '10 operations, 1 key').map((size) => ({
      name: size.name,
      path: '/group-0/thing-0/a1b2',
      start: (folder: string) => startSized(world, upstream, size, folder),
    })),
    {
      name: `GitHub's description, ${github.operations.toLocaleString('en')} operations`,
      path: '/emojis',
      start: (folder: string) => {
        const setup = { description: github.text, keys: 'keys: []\n', headers: {} };
        return startDescribed(world, upstream, { folder, ...setup, path: '/emojis' });
      },
    },
  ];
  for (const [index, { name, path, start }] of cases.entries()) {
    const startMs: number[] = [];
    for (let turn = 1; ; turn++) {
      const running = await start(`start-${index}-${turn}`);
      startMs.push(running.startMs);
      if (turn === STARTS) {
        results.push({ name, startMs, ...(await weigh(world, running, path, seconds)) });
        await running.program.stop();
        break;
      }
      await running.program.stop();
    }
  }
  return results;
}

async function weigh(
  world: World,
  { program, origin, headers }: RunningSize,
  path: string,
  seconds: number,
): Promise<{ idle: Memory; loaded: Memory }> {
  await sleep(SETTLE_MS);
  const idle = memoryOf(program.pid);
  const script = writeLoadScript(world, 'weigh', [{ method: 'GET', path, headers }]);
  await measureWindow(script, { origin, pid: program.pid }, seconds * 2);
  return { idle, loaded: memoryOf(program.pid) };
}

/** As published, but open: it names no security schemes, and a gate refuses what nobody opened. */
function describeGithub(): { text: string; operations: number } {
  const description = JSON.parse(readGithubDescription()) as { paths: Record<string, object> };
  const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];
  const operations = Object.values(description.paths).flatMap((path) =>
    Object.keys(path).filter((key) => methods.includes(key)),
  ).length;
  return { text: JSON.stringify({ ...description, security: [] }), operations };
}

export function startTable(results: readonly StartResult[]): string {
  const memory = ({ residentMb, proportionalMb }: Memory) =>
    `${residentMb.toFixed(0)} (${proportionalMb.toFixed(0)})`;
  const rows = results.map(({ name, startMs, idle, loaded }) => [
    name,
    shown(spreadOf(startMs)),
    memory(idle),
    memory(loaded),
  ]);
  const head = ['Poorter with', 'start ms', 'idle MB: RSS (PSS)', 'after load MB: RSS (PSS)'];
  return `## start: from spawn to the first 200, and memory of all processes\n\n${table(head, rows)}`;
}
