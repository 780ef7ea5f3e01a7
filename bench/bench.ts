import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CommitResult, commitTable, runCommits } from './commits.ts';
import { type CounterResult, counterTable, runCounters } from './counters.ts';
import { fetchEquipment, findProgram } from './equipment.ts';
import { type IssuerResult, issuerTable, runIssuer } from './issuer.ts';
import { type DayFigures, dayTable, runIssuerDay } from './issuer-day.ts';
import { type LogFigures, logTable, runLog } from './log.ts';
import { Issuer } from './orders.ts';
import { type ReloadResult, reloadTable, runReload } from './reload.ts';
import { runScale, type ScaleResult, scaleTable } from './scale.ts';
import { runScan, type ScanResult, scanTable } from './scan.ts';
import { PEERS, runScenario, SCENARIOS, type ScenarioResult, YARDSTICK } from './scenarios.ts';
import { runStart, type StartResult, startTable } from './start.ts';
import { machineFacts, scenarioTable } from './tables.ts';
import { startUpstream } from './upstream.ts';
import { World } from './world.ts';

/** Besides the scenarios. */
const PARTS = [
  ...['scale', 'reload', 'start', 'log', 'commits', 'counters', 'scan', 'issuer'],
  // Minutes long, and only when it is named.
  'issuer-day',
];

const USAGE = `usage: npm run bench -- [options]

  --rounds N      windows per peer, visited in turn                     (default 5)
  --seconds S     length of a window                                    (default 3)
  --only NAMES    of ${[...SCENARIOS.map(({ name }) => name), ...PARTS].join(', ')}
  --peers NAMES   as the tables name them; "${YARDSTICK}" always runs
  --json FILE     every window, for other programs
`;

const options = readOptions();
if (options === null) {
  process.stderr.write(USAGE);
  process.exit(2);
}
await bench(options);
process.exit(0);

/** What is measured is what others install. */
function buildPoorter(): void {
  const build = join(import.meta.dirname, '../tools/build.ts');
  const { status } = spawnSync(process.execPath, [build], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('Poorter cannot be built');
}

async function bench({ rounds, seconds, only, peers: wanted, json }: Options): Promise<void> {
  buildPoorter();
  let scans: ScanResult[] = [];
  if (only === null || only.has('scan')) {
    scans = await runScan(rounds);
    console.log(`\n${scanTable(scans)}`);
  }
  // Scanning needs no load generator.
  if (only?.size === 1 && only.has('scan')) return writeResults(json, { rounds, scans });
  const hasGates =
    only === null || [...only].some((name) => !['scan', 'issuer', 'issuer-day'].includes(name));
  fetchEquipment({ hasGates });
  for (const name of hasGates ? ['wrk', 'nginx'] : ['wrk']) {
    const { missing } = findProgram(name);
    if (missing !== undefined) throw new Error(`${name}: ${missing}`);
  }
  const peers = PEERS.filter(
    ({ name }) => wanted === null || name === YARDSTICK || wanted.has(name.toLowerCase()),
  );
  const isWanted = (name: string) => only === null || only.has(name);
  const facts = machineFacts(hasGates ? peers : []);
  console.log(facts);

  const world = new World();
  const upstream = await startUpstream(world);
  const issuer = new Issuer();
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => isWanted(name))) {
    const result = await runScenario(world, upstream, issuer, scenario, { rounds, seconds, peers });
    results.push(result);
    console.log(`\n${scenarioTable(result)}`);
  }
  let scale: ScaleResult[] = [];
  if (isWanted('scale')) {
    scale = await runScale(world, upstream, { rounds, seconds });
    console.log(`\n${scaleTable(scale)}`);
  }
  let reloads: ReloadResult[] = [];
  if (isWanted('reload')) {
    reloads = await runReload(world, upstream, { rounds, seconds });
    console.log(`\n${reloadTable(reloads)}`);
  }
  let starts: StartResult[] = [];
  if (isWanted('start')) {
    starts = await runStart(world, upstream, seconds);
    console.log(`\n${startTable(starts)}`);
  }
  let log: LogFigures | null = null;
  if (isWanted('log')) {
    log = await runLog(rounds);
    console.log(`\n${logTable(log)}`);
  }
  let commits: CommitResult[] = [];
  if (isWanted('commits')) {
    commits = await runCommits({ rounds, seconds });
    console.log(`\n${commitTable(commits)}`);
  }
  let counters: CounterResult[] = [];
  if (isWanted('counters')) {
    counters = await runCounters(world, upstream, { rounds, seconds });
    console.log(`\n${counterTable(counters)}`);
  }
  let issuers: IssuerResult[] = [];
  if (isWanted('issuer')) {
    issuers = await runIssuer(world, { rounds, seconds });
    console.log(`\n${issuerTable(issuers)}`);
  }
  let day: DayFigures | null = null;
  if (only?.has('issuer-day') === true) {
    day = await runIssuerDay(world);
    console.log(`\n${dayTable(day)}`);
  }
  await world.stopAll();
  const machine = facts.split('\n');
  const parts = { results, scale, reloads, starts, log, scans, commits, counters, issuers, day };
  writeResults(json, { machine, rounds, seconds, ...parts });
}

function writeResults(file: string | null, all: object): void {
  if (file !== null) writeFileSync(file, JSON.stringify(all, null, 2));
}

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: ReadonlySet<string> | null;
  readonly peers: ReadonlySet<string> | null;
  readonly json: string | null;
}

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        only: { type: 'string' },
        peers: { type: 'string' },
        json: { type: 'string' },
      },
    });
    const rounds = Number(values.rounds);
    const seconds = Number(values.seconds);
    if (!(Number.isInteger(rounds) && rounds > 0 && Number.isInteger(seconds) && seconds > 0)) {
      throw new Error('--rounds and --seconds are whole numbers from 1 on');
    }
    const only = namesIn(values.only);
    const parts = new Set<string>([...SCENARIOS.map(({ name }) => name), ...PARTS]);
    for (const name of only ?? []) if (!parts.has(name)) throw new Error(`no part '${name}'`);
    return { rounds, seconds, only, peers: namesIn(values.peers), json: values.json ?? null };
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return null;
  }
}

function namesIn(text: string | undefined): ReadonlySet<string> | null {
  return text === undefined
    ? null
    : new Set(text.split(',').map((name) => name.trim().toLowerCase()));
}
