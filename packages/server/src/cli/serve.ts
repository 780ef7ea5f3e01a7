import { type Diagnostic, findRuntimeFaults, refuseUnsafeRuntime } from '@poorter/openapi';
import { baseDirectory, loadConfiguration } from '../configuration/load-configuration.ts';
import { inOptions, withOptions } from '../configuration/option-names.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { dataDirectoryOf, isDirectory } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import { DirectoryHeldError } from '../platform/data-directory/index.ts';
import { type StartedFacts, Supervisor } from '../supervisor/supervisor.ts';
import type { CommandWorld } from './arguments.ts';
import { readArguments, type ServeArguments, UsageError } from './arguments.ts';
import { describeStart, notApplied } from './describe-start.ts';
import { formatDiagnostics } from './diagnostics.ts';
import { serveGateway } from './serve-gateway.ts';
import { serveUsage } from './usage.ts';

/** `poorter serve`: runs until SIGTERM or SIGINT. Exit status 1: refused to start; 2: wrong usage. */
export async function serveCommand(argv: readonly string[], world: CommandWorld): Promise<number> {
  let given: ServeArguments;
  let configuration: Configuration;
  try {
    refuseInsecureParser();
    given = readArguments(argv, true);
    if (given.wantsHelp) {
      world.stdout.write(serveUsage);
      return 0;
    }
    tryRuntime(given, world);
    if (given.role === 'gateway') return await serveGateway(given, world);
    configuration = loadConfiguration(given.source);
  } catch (error) {
    return explain(error, world);
  }
  const base = baseDirectory(given.source);
  const dataDirectory = dataDirectoryOf(configuration, base);
  // What a database elsewhere holds is opened by the master key here.
  const holdsAll = isDirectory(configuration.storage);
  return new Promise((settle) => {
    let hasStarted = false;
    /** A configuration that protects less waits, and nothing is served before somebody has looked. */
    let isHeld = false;
    let version = 0;
    const say = (text: string) => world.stderr.write(text);
    const supervisor = new Supervisor({
      dataDirectory,
      source: { threads: configuration.gateway.threads, ...given.source },
      drainMs: configuration.timeouts.drainMs,
      runsGateway: given.role === 'all',
      on: {
        started: (facts) => {
          hasStarted = true;
          if (!given.isQuiet) world.stdout.write(started(facts, given, dataDirectory));
          // Also where nothing else is said.
          if (facts.summary.trial !== undefined) say(TRIAL_WARNING);
        },
        warned: (diagnostics) => {
          if (!given.isQuiet) say(formatDiagnostics(withOptions(diagnostics, given.source)));
        },
        refused: (diagnostics, isTriedAgain) => {
          const what = !hasStarted ? 'first start' : isTriedAgain ? 'control away' : 'reload';
          say(refusal(withOptions(diagnostics, given.source), what));
          if (!hasStarted && !isHeld) fail();
        },
        said: (text, isStartHeld) => {
          isHeld ||= isStartHeld;
          say(text);
        },
        trouble: (message) => {
          say(`poorter: ${inOptions(message, given.source)}\n`);
        },
        notApplied: (message) => {
          say(notApplied(inOptions(message, given.source), hasStarted));
          if (!hasStarted) fail();
        },
        applied: (applied) => {
          const isNews = hasStarted && applied !== version && version !== 0;
          version = applied;
          if (isNews && !given.isQuiet)
            say(`poorter: version ${applied} is in force
`);
        },
      },
    });
    let ending: Promise<void> | null = null;
    const end = (status: number, isForgotten = false): Promise<void> => {
      ending ??= supervisor.stop({ isForgotten }).then(
        () => settle(status),
        (error: unknown) => settle(explain(error, world)),
      );
      return ending;
    };
    const fail = () => void end(1, holdsAll && !isHeld);
    process.on('SIGTERM', () => void end(0));
    process.on('SIGINT', () => void end(0));
    process.on('SIGHUP', () => supervisor.reload());
    try {
      supervisor.start();
    } catch (error) {
      settle(explain(error, world));
    }
  }).then((status) => {
    // Children are gone; nothing that is left may keep the process.
    setImmediate(() => process.exit(status as number));
    return status as number;
  });
}

const TRIAL_WARNING =
  'poorter: TRIAL: tokens are issued by the gate itself and accepted from this machine alone; name a real issuer with --issuer URL --audience NAME\n';

function started(facts: StartedFacts, given: ServeArguments, dataDirectory: string): string {
  if (given.isJson) return `${JSON.stringify({ event: 'started', ...facts, dataDirectory })}\n`;
  return describeStart(facts, dataDirectory);
}

function refusal(diagnostics: readonly Diagnostic[], what: keyof typeof REFUSED): string {
  return `${formatDiagnostics(diagnostics)}poorter: ${REFUSED[what]}\n`;
}

const REFUSED = {
  'first start': 'not started',
  reload: 'the new configuration is refused; the last good one stays in force',
  'control away':
    'control cannot open what it needs and tries again every 2 s; what is in force is served meanwhile, and nothing can be changed or revoked',
};

export function explain(error: unknown, world: CommandWorld): number {
  if (error instanceof UsageError) {
    world.stderr.write(`poorter: ${error.message}\n\n${serveUsage}`);
    return 2;
  }
  if (error instanceof RefusedConfiguration) {
    world.stderr.write(refusal(error.diagnostics, 'first start'));
    return 1;
  }
  if (error instanceof DirectoryHeldError) {
    world.stderr.write(`poorter: not started: ${error.message}\n`);
    return 1;
  }
  world.stderr.write(
    `poorter: not started: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  return 1;
}

/** Faults of the runtime are read around. One that reaches our own code ends the start. */
function tryRuntime(given: ServeArguments, world: CommandWorld): void {
  const faults = findRuntimeFaults();
  refuseUnsafeRuntime(faults);
  if (given.isQuiet) return;
  // Said where it can be mended: what no release mends yet would only be repeated at every start.
  for (const { what, reference, mendedIn } of faults) {
    if (mendedIn === null) continue;
    world.stderr.write(
      `poorter: on Node ${process.versions.node} ${what} (${reference}). Poorter reads around it; a service of yours on this Node may not. Node ${mendedIn} has it no more.\n`,
    );
  }
}

/** Node's lenient parser accepts smuggled requests; it may not come in through the environment. */
export function refuseInsecureParser(): void {
  const options = `${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`;
  if (options.includes('--insecure-http-parser')) {
    throw new UsageError(
      '--insecure-http-parser makes request smuggling possible; remove it from NODE_OPTIONS',
    );
  }
}
