import { inOptions, withOptions } from '../configuration/option-names.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { PlanAnswer, ServePlan } from '../messages/between-processes.ts';
import { startChild } from '../platform/processes/index.ts';
import { startControl } from '../supervisor/start-control.ts';
import { realPlace } from '../supervisor/supervised-place.ts';
import { type StartedFacts, Supervisor } from '../supervisor/supervisor.ts';
import type { ServeGiven } from './commands/serve.ts';
import { UsageError } from './definition/usage-error.ts';
import type { CommandWorld } from './definition/world.ts';
import { describeStart, notApplied } from './describe-start.ts';
import { formatDiagnostics } from './diagnostics.ts';
import { sourceOf } from './serve-source.ts';
import { refusal } from './start-failure.ts';

/** Runs until SIGTERM or SIGINT. */
export async function serve(given: ServeGiven, world: CommandWorld): Promise<number> {
  refuseInsecureParser();
  const source = sourceOf(given, true);
  if (given.role === 'gateway') {
    const { serveGateway } = await import('./serve-gateway.ts');
    return serveGateway(given, source, world);
  }
  // Whoever asks for a reload before anything is served has it read anyway, and ends nothing.
  process.on('SIGHUP', () => undefined);
  const { child, answer } = await startControl(source, {
    ...{ launch: startChild, environment: process.env },
  });
  const { dataDirectory, holdsAll, threads, drainMs, faults } = planIn(answer);
  if (!given.quiet) tellFaults(faults, world);
  return new Promise<number>((settle, reject) => {
    let hasStarted = false;
    /** A configuration that protects less waits, and nothing is served before somebody has looked. */
    let isHeld = false;
    let version = 0;
    const say = (text: string) => world.stderr.write(text);
    const supervisor = new Supervisor({
      control: child,
      place: realPlace(dataDirectory),
      seat: {
        dataDirectory,
        source: { ...(threads !== undefined && { threads }), ...source },
        runsGateway: given.role === 'all',
      },
      drainMs,
      on: {
        started: (facts) => {
          hasStarted = true;
          if (!given.quiet) world.stdout.write(started(facts, given, dataDirectory));
          // Also where nothing else is said.
          if (facts.summary.trial !== undefined) say(TRIAL_WARNING);
        },
        warned: (diagnostics) => {
          if (!given.quiet) say(formatDiagnostics(withOptions(diagnostics, source)));
        },
        refused: (diagnostics, isTriedAgain) => {
          const what = !hasStarted ? 'first start' : isTriedAgain ? 'control away' : 'reload';
          say(refusal(withOptions(diagnostics, source), what));
          if (!hasStarted && !isHeld) fail();
        },
        said: (text, isStartHeld) => {
          isHeld ||= isStartHeld;
          say(text);
        },
        trouble: (message) => {
          say(`poorter: ${inOptions(message, source)}\n`);
        },
        notApplied: (message) => {
          say(notApplied(inOptions(message, source), hasStarted));
          if (!hasStarted) fail();
        },
        applied: (applied) => {
          const isNews = hasStarted && applied !== version && version !== 0;
          version = applied;
          if (isNews && !given.quiet)
            say(`poorter: version ${applied} is in force
`);
        },
      },
    });
    let ending: Promise<void> | null = null;
    const end = (status: number, isForgotten = false): Promise<void> => {
      ending ??= supervisor.stop({ isForgotten }).then(() => settle(status), reject);
      return ending;
    };
    const fail = () => void end(1, holdsAll && !isHeld);
    process.on('SIGTERM', () => void end(0));
    process.on('SIGINT', () => void end(0));
    process.on('SIGHUP', () => supervisor.reload());
    try {
      supervisor.start();
    } catch (error) {
      reject(error);
    }
  }).finally(endSoon);
}

/** Children are gone; nothing that is left may keep the process. Its exit status is set meanwhile. */
function endSoon(): void {
  setImmediate(() => process.exit(process.exitCode ?? 1));
}

const TRIAL_WARNING =
  'poorter: TRIAL: tokens are issued by the gate itself and accepted from this machine alone; name a real issuer with --issuer URL --audience NAME\n';

function started(facts: StartedFacts, given: ServeGiven, dataDirectory: string): string {
  if (given.json) return `${JSON.stringify({ event: 'started', ...facts, dataDirectory })}\n`;
  return describeStart(facts, dataDirectory);
}

/** Throws what control has found, in the words that are told for it. */
function planIn(answer: PlanAnswer): ServePlan {
  if ('plan' in answer) return answer.plan;
  if ('fault' in answer) throw new Error(answer.fault);
  throw new RefusedConfiguration(answer.diagnostics, answer.files);
}

/** Said where it can be mended: what no release mends yet would only be repeated at every start. */
function tellFaults(faults: ServePlan['faults'], { stderr }: CommandWorld): void {
  for (const { what, reference, mendedIn } of faults) {
    if (mendedIn === null) continue;
    stderr.write(
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
