#!/usr/bin/env node
// The `poorter` command. Published, it runs the compiled program; in the repository, the source,
// with the Node that the dependencies brought.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR_MIN = 26;
const RECOMMENDED = '26.12.1';

/** Of SQLite, at each start of each process. */
const QUIET = '--disable-warning=ExperimentalWarning';

const LOOKED_EVERY_MS = 500;

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '../src/main.ts');
const pinned = join(here, '../../../node_modules/.bin/node');

if (existsSync(source) && existsSync(pinned)) run(pinned, ['--conditions=source', QUIET, source]);
else if (Number.parseInt(process.versions.node, 10) >= MAJOR_MIN) {
  run(process.execPath, [QUIET, join(here, '../dist/main.js')]);
} else {
  console.error(
    `poorter needs Node ${RECOMMENDED} or newer, and this is Node ${process.versions.node}`,
  );
  process.exitCode = 1;
}

function run(node, options) {
  const argv = [...options, ...process.argv.slice(2)];
  const isByNpx = process.env.npm_command === 'exec';
  // In the place of this process, where that is possible: signals and memory are then its own.
  if (process.execve !== undefined && !isByNpx) {
    process.execve(node, [node, ...argv], process.env);
  }
  const child = spawn(node, argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
  if (isByNpx) endWithParent(child);
}

/** npx starts this by a shell, and when it is ended it ends that shell alone. */
function endWithParent(child) {
  const startedBy = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === startedBy) return;
    clearInterval(looking);
    child.kill('SIGTERM');
  }, LOOKED_EVERY_MS);
}
