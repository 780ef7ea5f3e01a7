import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openState, type State } from '../packages/server/src/control/stores/index.ts';
import type { DatabasePlace } from '../packages/server/src/platform/database/index.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import { openMasterKey } from '../packages/server/src/platform/secrets/index.ts';
import { RECORDS_A_SECOND } from './full-logging.worker.ts';
import type { Effort } from './scenarios.ts';
import { shown, spreadOf, table } from './tables.ts';

/** Milliseconds of one commit, by round. */
export interface CommitResult {
  readonly database: string;
  readonly idle: readonly Latency[];
  readonly logging: readonly Latency[];
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const HOUR_MS = 3_600_000;

/** Does the log, which writes all day, hold up what an operator or a login commits? */
export async function runCommits(effort: Effort): Promise<CommitResult[]> {
  console.log('\ncommits');
  const directory = mkdtempSync(join(tmpdir(), 'poorter-bench-commits-'));
  let postgres: PostgresServer | null = null;
  try {
    const fileOf = (name: string): DatabasePlace => ({
      kind: 'sqlite',
      file: join(directory, name),
    });
    const places = { state: fileOf('state.sqlite'), log: fileOf('log.sqlite') };
    const results = [await measure('SQLite', directory, places, effort)];
    try {
      postgres = await startPostgres({ fsync: 'on' });
    } catch (error) {
      console.log(`  left out: PostgreSQL: ${(error as Error).message}`);
      return results;
    }
    const [state, log] = [postgres.freshPlace(), postgres.freshPlace()];
    results.push(await measure('PostgreSQL', directory, { state, log }, effort));
    return results;
  } finally {
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

export function commitTable(results: readonly CommitResult[]): string {
  const rows = results.flatMap(({ database, idle, logging }) =>
    (['p50Ms', 'p99Ms'] as const).map((name) => [
      `${database}, ${name.slice(0, 3)}`,
      shown(spreadOf(idle.map((one) => one[name])), 2),
      shown(spreadOf(logging.map((one) => one[name])), 2),
      shown(spreadOf(logging.map((one, at) => one[name] / (idle[at] as Latency)[name])), 2),
    ]),
  );
  const head = ['one commit of state', 'ms idle', 'ms under full logging', 'ratio'];
  const title = `## commits: state, while ${RECORDS_A_SECOND.toLocaleString('en')} records a second are logged`;
  return [title, '', table(head, rows)].join('\n');
}

async function measure(
  database: string,
  parent: string,
  places: { state: DatabasePlace; log: DatabasePlace },
  { rounds, seconds }: Effort,
): Promise<CommitResult> {
  const directory = join(parent, database);
  mkdirSync(directory);
  const state = await stateAt(places.state, directory);
  const result = { database, idle: [] as Latency[], logging: [] as Latency[] };
  await commitFor(state, seconds);
  for (let round = 0; round < rounds; round++) {
    result.idle.push(await commitFor(state, seconds));
    const stop = await startLogging(directory, places.log);
    result.logging.push(await commitFor(state, seconds));
    await stop();
    console.log(`  ${database}: round ${round + 1} of ${rounds}`);
  }
  await state.close();
  return result;
}

function stateAt(place: DatabasePlace, directory: string): Promise<State> {
  const world = { dataDirectory: directory, baseDirectory: directory, environment: {} };
  return openState({
    place,
    dataDirectory: directory,
    masterKey: openMasterKey(undefined, { ...world, notify: () => undefined }),
    world: { now: Date.now, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
  });
}

/** One after the other, as they come from one operator. */
async function commitFor({ singleUse }: State, seconds: number): Promise<Latency> {
  const ms: number[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const token = randomBytes(16).toString('hex');
    const began = performance.now();
    await singleUse.claim('bench', token, Date.now() + HOUR_MS);
    ms.push(performance.now() - began);
  }
  const sorted = ms.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] as number;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Resolves when records flow; the result ends it. */
async function startLogging(parent: string, log: DatabasePlace): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(parent, 'spool-'));
  const file = new URL('./full-logging.worker.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { directory, log } });
  await once(worker, 'message');
  return async () => {
    const gone = once(worker, 'exit');
    worker.postMessage('stop');
    await gone;
  };
}
