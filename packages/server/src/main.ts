#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { commands } from './cli/commands.ts';
import { runCommand } from './cli/definition/run-command.ts';
import { unsteeringStream } from './cli/terminal.ts';
import { keepCompiledCode } from './platform/compiled-code/index.ts';

const world = {
  stdin: process.stdin,
  environment: process.env,
  stdout: unsteeringStream(process.stdout),
  stderr: unsteeringStream(process.stderr),
  now: Date.now,
  random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
};

const line = process.argv.slice(2);
let onlyPrints = false;
endQuietly();
// What is imported from here on comes compiled from the last run; so does all that children load.
// A check leaves nothing behind, not even that.
if (line[0] !== 'check') keepCompiledCode();
process.exitCode = await runCommand(line, world, commands, (verb) => {
  onlyPrints = verb.onlyPrints === true;
});

/**
 * `| head` has seen enough. Whatever only prints is done, and ends well; whatever acts or judges goes
 * on to its end without words, and ends as it went.
 */
function endQuietly(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      if (onlyPrints) process.exit(0);
    });
  }
}
