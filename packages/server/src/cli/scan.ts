import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  acceptedIn,
  baselineOf,
  type Finding,
  OWN_KEY_RULE,
  printable,
  printablePath,
  type ScanReport,
  sarifOf,
  scanHistory,
  scanTree,
  withoutAccepted,
} from '../assurance/secret-scanning/index.ts';
import { readTextFile, writeDurably } from '../platform/files/index.ts';
import { programVersion } from '../platform/program/index.ts';
import type { ScanGiven } from './commands/scan.ts';
import { UsageError } from './definition/usage-error.ts';
import type { CommandWorld } from './definition/world.ts';

const BASELINE_MAX_BYTES = 67_108_864;
const THREADS_USUAL_MAX = 8;
const NOTED_MAX = 20;

export async function scan(given: ScanGiven, world: CommandWorld): Promise<number> {
  if (given.path === undefined && !given.git) throw new UsageError('PATH or --git is missing');
  try {
    return await scanned(given, world);
  } catch (error) {
    // A path of a stranger stands in it.
    throw new Error(printable((error as Error).message), { cause: error });
  }
}

async function scanned(given: ScanGiven, world: CommandWorld): Promise<number> {
  const { baseline, writeBaseline, path = '.', allFiles } = given;
  // Read first: a baseline that cannot be read is better known before a long scan.
  const accepted = baseline === undefined || writeBaseline ? null : read(baseline);
  const startedMs = world.now();
  const threads = given.threads ?? Math.min(availableParallelism(), THREADS_USUAL_MAX);
  const all = given.git
    ? await scanHistory({ repository: path, threads })
    : await scanTree({ path, threads, allFiles });
  const findings = accepted === null ? all.findings : withoutAccepted(all.findings, accepted);
  const report = { ...all, findings };
  tellTroubles(report, world);
  if (baseline !== undefined && writeBaseline) return accept(report, baseline, world);
  const acceptedCount = all.findings.length - findings.length;
  const told = written(report, given, acceptedCount, (world.now() - startedMs) / 1000);
  if (given.output === undefined) world.stdout.write(told);
  else writeFileSync(given.output, told);
  if (findings.some(({ rule }) => rule === OWN_KEY_RULE)) {
    world.stderr.write(
      'Keys of Poorter were found. `poorter keys leaked --stdin < FILE` replaces and revokes them;\n' +
        'a credential of an operator is revoked with `poorter operators revoke`.\n',
    );
  }
  if (findings.length > 0 || report.unlisted > 0) return 1;
  return report.unreadable.length > 0 ? 2 : 0;
}

function accept(report: ScanReport, baseline: string, world: CommandWorld): number {
  const { findings, unlisted, unreadable } = report;
  if (unlisted > 0) throw new Error('too many findings to accept; narrow the path');
  // Whole or not at all: a torn baseline would lose what was accepted before.
  writeDurably(baseline, baselineOf(findings), { mode: 0o666 });
  world.stderr.write(`accepted from now on: ${findings.length} findings, in ${baseline}\n`);
  return unreadable.length > 0 ? 2 : 0;
}

function read(file: string): ReadonlySet<string> {
  try {
    return acceptedIn(readTextFile(file, BASELINE_MAX_BYTES));
  } catch (error) {
    throw new Error(`reading the baseline ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function tellTroubles({ unreadable, unlisted, notes }: ScanReport, world: CommandWorld): void {
  for (const note of notes) world.stderr.write(`poorter scan: ${printable(note)}\n`);
  for (const { uri, reason } of unreadable.slice(0, NOTED_MAX)) {
    world.stderr.write(`could not be read: ${printablePath(uri)}: ${printable(reason)}\n`);
  }
  const more = unreadable.length - NOTED_MAX;
  if (more > 0) world.stderr.write(`could not be read: ${more} more\n`);
  if (unlisted > 0) world.stderr.write(`poorter scan: ${unlisted} findings more than are listed\n`);
}

function written(
  report: ScanReport,
  { sarif, json, git }: ScanGiven,
  accepted: number,
  seconds: number,
): string {
  if (sarif) return sarifOf(report, programVersion());
  if (json) return `${JSON.stringify({ ...report, accepted })}\n`;
  const { findings, contents, bytes, allowed } = report;
  const what = git ? 'objects' : 'files';
  const amount = `${contents} ${what}, ${(bytes / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s`;
  const spared = allowed + accepted > 0 ? `; accepted: ${allowed + accepted}` : '';
  return `${findings.map(lineOf).join('')}${findings.length} findings in ${amount}${spared}\n`;
}

function lineOf({ uri, line, column, rule, level, excerpt, commit, blob }: Finding): string {
  const origin = blob === null ? '' : ` ${commit === null ? `object ${blob}` : `commit ${commit}`}`;
  const place = `${printablePath(uri)}:${line}:${column}`;
  return `${place}: ${level}: ${rule}: ${printable(excerpt)}${origin}\n`;
}
