import { spawnSync } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { bundleServer, placeForThisRun, removeBuilt } from './bundle-server.ts';
import summaryReporter from './summary-reporter.ts';

/**
 * `npm test`: installs the system packages that some tests need when it may, then runs every test.
 * `npm test -- PATTERN…` runs the files whose path contains one of the patterns.
 */
const PACKAGES: Readonly<Record<string, string>> = {
  nginx: 'nginx-light',
  curl: 'curl',
  'redis-server': 'redis-server',
  postgres: 'postgresql',
  pgbouncer: 'pgbouncer',
  zsh: 'zsh',
  fish: 'fish',
  chromium: 'chromium',
  // Modules of the system's own Python, by `python3:NAME`.
  'python3:authlib': 'python3-authlib',
  'python3:requests': 'python3-requests',
};
/** Set-up of a slow mirror included, nothing may take longer. */
const INSTALL_TIMEOUT_MS = 300_000;
/** More than any test waits for what it waits for: on a machine that ten others use, a compile takes minutes. */
const TEST_TIMEOUT_MS = 600_000;
/** Most of them wait most of the time, for processes that start and for what must not come. */
const AT_ONCE = 6;
/** Processes of tests, of which there are hundreds. */
const STARTED_BY_TESTS = ['control/stores/killed.worker.fixture.ts'];
/** Of the files, those that take longer than half a minute. */
const LONGEST: readonly string[] = [
  'scenarios/revocation-cut-off.test.ts',
  'scenarios/disk-full.test.ts',
  'packages/server/src/control/acts-are-whole.test.ts',
  'scenarios/weaker-configuration.test.ts',
  'packages/server/src/platform/counters/valkey-bounds.test.ts',
  'scenarios/listeners-that-cannot-open.test.ts',
  'scenarios/control-that-cannot-open.test.ts',
  'scenarios/first-start-fails.test.ts',
  'packages/openapi/src/openapi/description/sweep.test.ts',
  'tools/build.test.ts',
  'scenarios/issuer-exchange.test.ts',
  'packages/server/src/control/stores/killed.test.ts',
  'scenarios/odd-answers.test.ts',
  'scenarios/revocation-meanwhile.test.ts',
  'packages/openapi/src/json-schema/compare/accepts-more.test.ts',
  'scenarios/nothing-acknowledged-lost.test.ts',
  'scenarios/issuer-races.test.ts',
  'scenarios/issuer-registration-life.test.ts',
  'scenarios/managed-keys.test.ts',
  'scenarios/gate-sessions-end.test.ts',
  'scenarios/many-machines.test.ts',
];

const missing = installMissing();
const patterns = process.argv.slice(2);
const files = globSync('{packages,examples,scenarios,tools,bench}/**/*.test.ts', {
  exclude: (path) => path.includes('node_modules'),
})
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .toSorted();
if (files.length === 0) {
  console.error(`no test file has one of these in its path: ${patterns.join(', ')}`);
  process.exit(2);
}
// Nothing is tried twice: a test that passes only the second time hides a fault of the product or of its own.
const scratch = mkdtempSync(join(tmpdir(), 'poorter-tests-'));
const summary = join(scratch, 'summary');
// Within the package: what is installed beside the program is looked for from there.
const built = placeForThisRun();
await bundleServer(built, STARTED_BY_TESTS);
const hasPassed = await runFiles(longestFirst(files));
for (const program of missing) {
  console.log(`not run: the tests that need ${program}, which is not installed and could not be`);
}
// In CI a test that did not run is a test that failed.
const mayMiss = process.env['CI'] === undefined || missing.length === 0;
process.exitCode = hasPassed && mayMiss ? 0 : 1;
console.log(readFileSync(summary, 'utf8').trimEnd());
removeBuilt(built);
rmSync(scratch, { recursive: true, force: true });

/** So that none of them is alone at the end. */
function longestFirst(these: readonly string[]): string[] {
  const place = (file: string) => {
    const found = LONGEST.indexOf(file);
    return found === -1 ? LONGEST.length : found;
  };
  const gone = LONGEST.filter((file) => !existsSync(file));
  if (gone.length > 0) throw new Error(`tools/test.ts names what is not there: ${gone}`);
  return these.toSorted((one, other) => place(one) - place(other));
}

/** Whether none failed. */
async function runFiles(these: string[]): Promise<boolean> {
  Object.assign(process.env, {
    POORTER_MISSING_PROGRAMS: missing.join(','),
    POORTER_BUILT: join(built, 'main.js'),
    POORTER_TEST_SCRATCH: scratch,
    // Hundreds of processes load the same modules: half of their time went into compiling them.
    NODE_COMPILE_CACHE: join(scratch, 'compiled'),
  });
  let hasFailed = false;
  const events = run({
    files: these,
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    concurrency: AT_ONCE,
    timeout: TEST_TIMEOUT_MS,
  }).once('test:fail', () => {
    hasFailed = true;
  });
  await Promise.all([
    pipeline(events.compose(new spec()), process.stdout, { end: false }),
    pipeline(events.compose(summaryReporter), createWriteStream(summary)),
  ]);
  return !hasFailed;
}

/** Programs that are still missing afterwards. */
function installMissing(): string[] {
  const absent = () => Object.keys(PACKAGES).filter((program) => !isInstalled(program));
  const wanted = absent();
  const mayInstall = process.getuid?.() === 0 && isInstalled('apt-get');
  if (wanted.length === 0 || !mayInstall) return wanted;
  console.log(`installing ${wanted.join(', ')} …`);
  const packages = wanted.map((program) => PACKAGES[program] as string);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { env, timeout: INSTALL_TIMEOUT_MS });
  // A machine that has just started installs its own updates: the lock is waited for.
  const patient = ['-o', `DPkg::Lock::Timeout=${INSTALL_TIMEOUT_MS / 2 / 1000}`];
  const quiet = ['-y', '-qq', '--no-install-recommends'];
  spawnSync('apt-get', [...patient, 'install', ...quiet, ...packages], {
    env,
    timeout: INSTALL_TIMEOUT_MS,
  });
  return absent();
}

function isInstalled(program: string): boolean {
  const [, module] = /^python3:(\w+)$/.exec(program) ?? [];
  if (module !== undefined) {
    return spawnSync('/usr/bin/python3', ['-c', `import ${module}`]).status === 0;
  }
  return (
    // Debian keeps the server away from the PATH.
    globSync(`/usr/lib/postgresql/*/bin/${program}`).length > 0 ||
    spawnSync('sh', ['-c', `command -v ${program} || test -x /usr/sbin/${program}`]).status === 0
  );
}
