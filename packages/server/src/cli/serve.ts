import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import type { PlanAnswer, ServePlan } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';
import { collectWhatStartingLeft, startChild } from '../platform/processes/index.ts';
import { startControl } from '../supervisor/start-control.ts';
import { realPlace } from '../supervisor/supervised-place.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import type { ServeGiven } from './commands/serve.ts';
import { UsageError } from './definition/usage-error.ts';
import type { CommandWorld } from './definition/world.ts';
import { describeStart, inForce, notApplied, startedMembers } from './describe-start.ts';
import { launchInLines } from './launch-in-lines.ts';
import { NoticeWriter } from './notice-writer.ts';
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
  const say = new NoticeWriter({ world, source, json: given.json, quiet: given.quiet });
  const launch = given.json ? launchInLines(say) : startChild;
  // Whoever asks for a reload before anything is served has it read anyway, and ends nothing.
  process.on('SIGHUP', () => undefined);
  const { child, answer } = await startControl(source, { launch, environment: process.env });
  const { dataDirectory, holdsAll, threads, drainMs, faults } = planIn(answer);
  for (const one of mendableFaults(faults)) say.tellWell(one);
  return new Promise<number>((settle, reject) => {
    let hasStarted = false;
    /** A configuration that protects less waits, and nothing is served before somebody has looked. */
    let isHeld = false;
    let version = 0;
    const supervisor = new Supervisor({
      control: child,
      place: realPlace(dataDirectory, launch),
      seat: {
        dataDirectory,
        source: { ...(threads !== undefined && { threads }), ...source },
        runsGateway: given.role === 'all',
      },
      drainMs,
      on: {
        started: (facts) => {
          hasStarted = true;
          setTimeout(collectWhatStartingLeft, STARTED_AFTER_MS).unref();
          say.started(startedMembers(facts, dataDirectory), describeStart(facts, dataDirectory));
          // Also where nothing else is said.
          if (facts.summary.trial !== undefined) say.tell(notice('trial', TRIAL_WARNING));
        },
        warned: (diagnostics) => say.warned(diagnostics),
        refused: (diagnostics, isTriedAgain) => {
          const what = !hasStarted ? 'first start' : isTriedAgain ? 'control away' : 'reload';
          say.refused(diagnostics, refusal(what));
          if (!hasStarted && !isHeld) fail();
        },
        startHeld: (one) => {
          isHeld = true;
          say.tell(one);
        },
        notify: say.tell,
        notApplied: (one) => {
          say.tell(one);
          say.tell(notApplied(hasStarted));
          if (!hasStarted) fail();
        },
        applied: (applied) => {
          const isNews = hasStarted && applied !== version && version !== 0;
          version = applied;
          if (isNews) say.tellWell(inForce(applied));
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

/** A start that is going to fail has failed by then. */
const STARTED_AFTER_MS = 5_000;

const TRIAL_WARNING =
  'TRIAL: tokens are issued by the gate itself and accepted from this machine alone; name a real issuer with --issuer URL --audience NAME';

/** Throws what control has found, in the words that are told for it. */
function planIn(answer: PlanAnswer): ServePlan {
  if ('plan' in answer) return answer.plan;
  if ('fault' in answer) throw new Error(answer.fault);
  throw new RefusedConfiguration(answer.diagnostics, answer.files);
}

/** Said where it can be mended: what no release mends yet would only be repeated at every start. */
function mendableFaults(faults: ServePlan['faults']): readonly Notice[] {
  const { node } = process.versions;
  return faults.flatMap(({ what, reference, mendedIn }) => {
    if (mendedIn === null) return [];
    const text = `on Node ${node} ${what} (${reference}). Poorter reads around it; a service of yours on this Node may not. Node ${mendedIn} has it no more.`;
    return [notice('runtime_fault', text, { node, reference, mendedIn })];
  });
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
