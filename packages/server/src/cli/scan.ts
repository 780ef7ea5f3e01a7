import { renameSync, writeFileSync } from 'node:fs';
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
import { readTextFile } from '../platform/files/index.ts';
import { type OperatorWorld, parsed, UsageError } from './options.ts';
import { version } from './usage.ts';

export const scanUsage = `Usage: poorter scan PATH [options]          files of a tree, as git sees them
       poorter scan --git [PATH] [options]    everything a repository's history holds

  Looks for API keys of Poorter and for the secrets of common services. Never prints one.

  --all-files        also what git ignores
  --sarif | --json   another form of the report
  --output FILE      where the report goes        (default standard output)
  --baseline FILE    what is accepted; with --write-baseline, write what is found now
  --threads N        1 to 64                      (default one per core, 8 at most)

Exit status: 0 nothing found, 1 something found, 2 called wrongly or not everything could be read.
`;

const OPTIONS = {
  git: { type: 'boolean' },
  'all-files': { type: 'boolean' },
  sarif: { type: 'boolean' },
  json: { type: 'boolean' },
  output: { type: 'string' },
  baseline: { type: 'string' },
  'write-baseline': { type: 'boolean' },
  threads: { type: 'string' },
  help: { type: 'boolean' },
} as const;

const BASELINE_MAX_BYTES = 67_108_864;
const THREADS_USUAL_MAX = 8;
const NOTED_MAX = 20;

/** `poorter scan`: 0 nothing found, 1 findings, 2 called wrongly or not everything could be read. */
export async function scanCommand(argv: readonly string[], world: OperatorWorld): Promise<number> {
  try {
    const { values, positionals } = parsed(argv, OPTIONS);
    if (values.help) {
      world.stdout.write(scanUsage);
      return 0;
    }
    return await scan(wishOf(values, positionals), world);
  } catch (error) {
    world.stderr.write(`poorter scan: ${printable((error as Error).message)}\n`);
    if (error instanceof UsageError) world.stderr.write(`\n${scanUsage}`);
    return 2;
  }
}

interface ScanWish {
  readonly path: string;
  readonly ofHistory: boolean;
  readonly allFiles: boolean;
  readonly form: 'text' | 'json' | 'sarif';
  readonly output: string | null;
  readonly baseline: string | null;
  readonly writesBaseline: boolean;
  readonly threads: number;
}

type Values = ReturnType<typeof parsed<typeof OPTIONS>>['values'];

function wishOf(values: Values, positionals: readonly string[]): ScanWish {
  const [path, ...extra] = positionals;
  if (extra.length > 0) throw new UsageError(`one path is enough: ${extra.join(' ')}`);
  if (path === undefined && !values.git) throw new UsageError('a path or --git is needed');
  if (values.sarif && values.json) throw new UsageError('give either --sarif or --json');
  if (values.git && values['all-files']) {
    throw new UsageError('--all-files is about a tree, --git about a history');
  }
  if (values['write-baseline'] && values.baseline === undefined) {
    throw new UsageError('--write-baseline needs --baseline FILE');
  }
  return {
    path: path ?? '.',
    ofHistory: values.git ?? false,
    allFiles: values['all-files'] ?? false,
    form: values.sarif ? 'sarif' : values.json ? 'json' : 'text',
    output: values.output ?? null,
    baseline: values.baseline ?? null,
    writesBaseline: values['write-baseline'] ?? false,
    threads: threadsOf(values.threads),
  };
}

function threadsOf(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), THREADS_USUAL_MAX);
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 64) return threads;
  throw new UsageError('--threads takes a number from 1 to 64');
}

async function scan(wish: ScanWish, world: OperatorWorld): Promise<number> {
  // Read first: a baseline that cannot be read is better known before a long scan.
  const accepted = wish.baseline === null || wish.writesBaseline ? null : read(wish.baseline);
  const startedMs = world.now();
  const { path, threads, allFiles } = wish;
  const all = wish.ofHistory
    ? await scanHistory({ repository: path, threads })
    : await scanTree({ path, threads, allFiles });
  const findings = accepted === null ? all.findings : withoutAccepted(all.findings, accepted);
  const report = { ...all, findings };
  tellTroubles(report, world);
  if (wish.baseline !== null && wish.writesBaseline) {
    if (report.unlisted > 0) throw new Error('too many findings to accept; narrow the path');
    // Whole or not at all: a torn baseline would lose what was accepted before.
    writeFileSync(`${wish.baseline}.new`, baselineOf(findings));
    renameSync(`${wish.baseline}.new`, wish.baseline);
    world.stderr.write(`accepted from now on: ${findings.length} findings, in ${wish.baseline}\n`);
    return report.unreadable.length > 0 ? 2 : 0;
  }
  const acceptedCount = all.findings.length - findings.length;
  const told = written(report, wish, acceptedCount, (world.now() - startedMs) / 1000);
  if (wish.output === null) world.stdout.write(told);
  else writeFileSync(wish.output, told);
  if (findings.some(({ rule }) => rule === OWN_KEY_RULE)) {
    world.stderr.write(
      'Keys of Poorter were found. `poorter keys leaked --stdin < FILE` replaces and revokes them;\n' +
        'a credential of an operator is revoked with `poorter operators revoke`.\n',
    );
  }
  if (findings.length > 0 || report.unlisted > 0) return 1;
  return report.unreadable.length > 0 ? 2 : 0;
}

function read(file: string): ReadonlySet<string> {
  try {
    return acceptedIn(readTextFile(file, BASELINE_MAX_BYTES));
  } catch (error) {
    throw new Error(`reading the baseline ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function tellTroubles({ unreadable, unlisted, notes }: ScanReport, world: OperatorWorld): void {
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
  { form, ofHistory }: ScanWish,
  accepted: number,
  seconds: number,
): string {
  switch (form) {
    case 'sarif':
      return sarifOf(report, version());
    case 'json':
      return `${JSON.stringify({ ...report, accepted })}\n`;
    case 'text': {
      const { findings, contents, bytes, allowed } = report;
      const what = ofHistory ? 'objects' : 'files';
      const amount = `${contents} ${what}, ${(bytes / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s`;
      const spared = allowed + accepted > 0 ? `; accepted: ${allowed + accepted}` : '';
      return `${findings.map(lineOf).join('')}${findings.length} findings in ${amount}${spared}\n`;
    }
  }
}

function lineOf({ uri, line, column, rule, level, excerpt, commit, blob }: Finding): string {
  const origin = blob === null ? '' : ` ${commit === null ? `object ${blob}` : `commit ${commit}`}`;
  const place = `${printablePath(uri)}:${line}:${column}`;
  return `${place}: ${level}: ${rule}: ${printable(excerpt)}${origin}\n`;
}
