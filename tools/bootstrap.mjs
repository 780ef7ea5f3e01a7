// The one script that any Node from 20 on can run: installs what is missing, then hands over to
// the pinned Node. Plain JavaScript, no dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.poorter-installed');

const TASKS = {
  start: ['tools/start.ts'],
  test: ['tools/test.ts'],
  check: ['tools/check.ts'],
  bench: ['bench/bench.ts'],
  build: ['tools/build.ts'],
  sbom: ['tools/sbom.ts'],
  fuzz: ['scenarios/fuzz/fuzz.ts'],
  simulate: ['scenarios/simulate.ts'],
  generate: ['tools/generate.ts'],
  tidy: ['tools/tidy.ts'],
};

const [task, ...argv] = process.argv.slice(2);
const script = TASKS[task];
if (script === undefined) {
  console.error(`usage: node tools/bootstrap.mjs ${Object.keys(TASKS).join('|')}`);
  process.exit(2);
}

install();
const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
if (!existsSync(node)) {
  console.error(
    `no Node 26 was installed for ${process.platform} ${process.arch}; see package.json`,
  );
  process.exit(1);
}
// Where the command was given: relative paths in arguments start there.
const cwd = process.env.INIT_CWD ?? process.cwd();
const child = spawn(
  node,
  ['--conditions=source', '--disable-warning=ExperimentalWarning', join(root, script[0]), ...argv],
  {
    cwd: task === 'start' ? cwd : root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH ?? ''}` },
  },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
if (process.env.npm_lifecycle_event !== undefined) endWithParent();

/** npm starts this by a shell, and when it is ended it ends that shell alone. */
function endWithParent() {
  const startedBy = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === startedBy) return;
    clearInterval(looking);
    child.kill('SIGTERM');
  }, 500);
}

/** Installs once per lock file. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lock) return;
  console.error('poorter: installing dependencies …');
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  // Not `npm ci`: it insists on optional packages of platforms that some registries do not carry.
  const result = spawnSync(
    command,
    [...first, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (result.status !== 0) {
    console.error('poorter: npm install failed; the lines above say why');
    process.exit(1);
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, lock);
}
