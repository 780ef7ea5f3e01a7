#!/usr/bin/env node
// The `poorter` command. Published, it runs the compiled program; in this repository, the source,
// with the Node that the dependencies brought.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const compiled = join(here, '../dist/main.js');
if (existsSync(compiled)) await import(compiled);
else runSource();

function runSource() {
  const pinned = join(here, '../../../node_modules/.bin/node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const argv = [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    join(here, '../src/main.ts'),
    ...process.argv.slice(2),
  ];
  if (process.execve !== undefined) process.execve(node, [node, ...argv], process.env);
  const child = spawn(node, argv, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}
