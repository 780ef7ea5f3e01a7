#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
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

endQuietly();
// `-h` is asked everywhere, and `help COMMAND` means what it says.
const [command, ...argv] = spoken(process.argv.slice(2));
// What is imported from here on comes compiled from the last run; so does all that children load.
// A check leaves nothing behind, not even that.
if (command !== 'check') keepCompiledCode();
process.exitCode = await run();

function spoken(given: readonly string[]): string[] {
  const words = given.map((word) => (word === '-h' ? '--help' : word));
  const [first, second] = words;
  if (first === 'help' && second !== undefined) return [second, '--help'];
  const end = words.indexOf('--');
  const isAsked = words.slice(1, end < 0 ? undefined : end).includes('--help');
  // The rest of the line may be what help is asked about.
  return first !== undefined && isAsked ? [first, '--help'] : words;
}

/**
 * `| head` has seen enough. Whatever only prints is done, and ends well; whatever acts or judges goes
 * on to its end without words, and ends as it went.
 */
function endQuietly(): void {
  const [command, verb = ''] = process.argv.slice(2);
  const onlyPrints = command === 'log' && ['tail', 'search', 'show', 'open'].includes(verb);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      if (onlyPrints) process.exit(0);
    });
  }
}

async function run(): Promise<number> {
  switch (command) {
    case 'serve': {
      const { serveCommand } = await import('./cli/serve.ts');
      return serveCommand(argv, world);
    }
    case 'check': {
      const { checkCommand } = await import('./cli/check.ts');
      return checkCommand(argv, world);
    }
    case 'backup': {
      const { backupCommand } = await import('./cli/backup.ts');
      return backupCommand(argv, world);
    }
    case 'restore': {
      const { restoreCommand } = await import('./cli/restore.ts');
      return restoreCommand(argv, world);
    }
    case 'master-key': {
      const { masterKeyCommand } = await import('./cli/master-key.ts');
      return masterKeyCommand(argv, world);
    }
    case 'status': {
      const { statusCommand } = await import('./cli/status.ts');
      return statusCommand(argv, world);
    }
    case 'apply': {
      const { applyCommand } = await import('./cli/apply.ts');
      return applyCommand(argv, world);
    }
    case 'blocks': {
      const { blocksCommand } = await import('./cli/blocks.ts');
      return blocksCommand(argv, world);
    }
    case 'gateways': {
      const { gatewaysCommand } = await import('./cli/gateways.ts');
      return gatewaysCommand(argv, world);
    }
    case 'operators': {
      const { operatorsCommand } = await import('./cli/operators.ts');
      return operatorsCommand(argv, world);
    }
    case 'subjects': {
      const { subjectsCommand } = await import('./cli/subjects.ts');
      return subjectsCommand(argv, world);
    }
    case 'scan': {
      const { scanCommand } = await import('./cli/scan.ts');
      return scanCommand(argv, world);
    }
    case 'log': {
      const { logCommand } = await import('./cli/log.ts');
      return logCommand(argv, world);
    }
    case 'keys': {
      const { keysCommand } = await import('./cli/keys.ts');
      return keysCommand(argv, world);
    }
  }
  const { usage, version } = await import('./cli/usage.ts');
  switch (command) {
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
