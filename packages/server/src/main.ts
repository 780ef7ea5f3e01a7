#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { checkCommand } from './cli/check.ts';
import { keysCommand } from './cli/keys.ts';
import { serveCommand } from './cli/serve.ts';
import { usage, version } from './cli/usage.ts';

const world = {
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now,
  random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
};

const [command, ...argv] = process.argv.slice(2);
process.exitCode = await run();

function run(): Promise<number> | number {
  switch (command) {
    case 'serve':
      return serveCommand(argv, world);
    case 'check':
      return checkCommand(argv, world);
    case 'keys':
      return keysCommand(argv, world);
    case 'version':
    case '--version':
      process.stdout.write(`${version()}\n`);
      return 0;
    case undefined:
    case 'help':
    case '--help':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(`poorter: unknown command '${command}'\n\n${usage}`);
      return 2;
  }
}
