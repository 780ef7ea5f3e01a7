import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as realTime } from 'node:timers/promises';
import { stringify } from 'yaml';
import { CompilerHost } from '../../packages/server/src/control/compiler-host.ts';
import { Control } from '../../packages/server/src/control/control.ts';
import { Gateway } from '../../packages/server/src/gateway/gateway.ts';
import { ServingThread } from '../../packages/server/src/gateway/serving-thread.ts';
import type {
  CrewThread,
  CrewThreadEvents,
} from '../../packages/server/src/gateway/thread-crew.ts';
import { ThreadHosts } from '../../packages/server/src/gateway/thread-hosts.ts';
import type { FromThread, ThreadSeed } from '../../packages/server/src/gateway/thread-messages.ts';
import type {
  ConfigurationSource,
  ToControl,
  ToGateway,
  ToSeatlessControl,
} from '../../packages/server/src/messages/between-processes.ts';
import { createCounterMemory } from '../../packages/server/src/platform/counters/index.ts';
import { awaitLock } from '../../packages/server/src/platform/data-directory/index.ts';
import { startControl } from '../../packages/server/src/supervisor/start-control.ts';
import { realPlace } from '../../packages/server/src/supervisor/supervised-place.ts';
import { type StartedFacts, Supervisor } from '../../packages/server/src/supervisor/supervisor.ts';
import { removeFolder } from './folders.fixture.ts';
import { PATIENCE_MS } from './patience.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import { Machine, Runner, Simulation, Wire } from './simulated-machine.fixture.ts';
import { type ProcessSide, simulatedLaunch } from './simulated-processes.fixture.ts';

const THREADS = 2;
const POST_MS = 5;
const AT_ONCE_MS = 20;

/** A whole server in this process, with real sockets, files and database, under a clock that is turned by hand. */
export interface OneProcess {
  readonly url: string;
  readonly controlUrl: string;
  readonly folder: string;
  /** The process of control. */
  readonly control: Runner;
  readonly now: () => number;
  /** So much time passes, of which nobody waits for any. */
  readonly pass: (ms: number) => Promise<void>;
  /** Time passes as slowly as it must, until it is there. */
  readonly settled: <Value>(value: Promise<Value>) => Promise<Value>;
  readonly stop: () => Promise<void>;
}

export async function startInOneProcess(
  t: Lifetime,
  configuration: Record<string, unknown>,
  description: object,
): Promise<OneProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-one-'));
  t.after(() => removeFolder(folder));
  writeFileSync(join(folder, 'api.yaml'), stringify(description));
  const file = join(folder, 'poorter.yaml');
  writeFileSync(
    file,
    stringify({
      listen: [{ address: '127.0.0.1:0' }],
      control: { address: '127.0.0.1:0' },
      storage: './data',
      ...configuration,
    }),
  );
  const source: ConfigurationSource = { file, values: {} };
  const simulation = new Simulation(1);
  const machine = new Machine(simulation);
  machine.wallStep = Date.now() - simulation.now;
  const settled = settler(simulation);

  const supervisor = new Runner(machine);
  let control: Runner | null = null;
  const launch = simulatedLaunch(
    ...[machine, supervisor],
    ({ module }) => (module.includes('control-process') ? controlProgram : gatewayProgram(folder)),
    (born) => {
      control ??= born;
    },
  );
  const { child, answer } = await settled(startControl(source, { launch, environment: {} }));
  if (!('plan' in answer)) throw new Error(JSON.stringify(answer));
  const { dataDirectory, drainMs } = answer.plan;
  const said: unknown[] = [];
  const started = Promise.withResolvers<StartedFacts>();
  const real = new Supervisor({
    control: child,
    place: { ...realPlace(dataDirectory, launch), world: supervisor },
    seat: { dataDirectory, source, runsGateway: true },
    drainMs,
    on: {
      started: started.resolve,
      refused: (diagnostics) => started.reject(new Error(JSON.stringify(diagnostics))),
      warned: (diagnostics) => said.push(diagnostics),
      notify: ({ message }) => said.push(message),
      notApplied: ({ message }) => started.reject(new Error(message)),
      startHeld: ({ message }) => said.push(message),
      applied: () => undefined,
    },
  });
  real.start();
  const facts = await settled(started.promise);
  return {
    url: `http://${facts.addresses[0]}`,
    controlUrl: `http://${facts.controlAddress}`,
    folder,
    control: control as unknown as Runner,
    now: machine.wallMs,
    pass: (ms) => simulation.run(ms),
    settled,
    stop: async () => {
      await settled(real.stop());
      supervisor.end();
    },
  };
}

/** What waits for sockets, files and threads takes real time; what waits for a clock takes none of it. */
function settler(simulation: Simulation): OneProcess['settled'] {
  return async (value) => {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    value.then(settle, settle);
    const deadline = Date.now() + PATIENCE_MS;
    while (!isSettled) {
      if (Date.now() > deadline) throw new Error('it has not come');
      await simulation.run(AT_ONCE_MS);
      await realTime(1);
    }
    return value;
  };
}

function controlProgram({ runner, send, listen }: ProcessSide): void {
  const compiler = new CompilerHost(runner);
  let control: Control | null = null;
  const end = async () => {
    await control?.close();
    runner.end();
  };
  listen(
    (message) => {
      const heard = message as ToControl | ToSeatlessControl;
      if (heard.type === 'plan') return void compiler.plan(heard.source).then(send);
      if (heard.type === 'seat') {
        control = new Control(heard.seat, { world: runner, compiler, send });
        return;
      }
      control?.receive(heard);
      if (heard.type === 'stop') void end();
    },
    () => void end(),
  );
}

const gatewayProgram =
  (folder: string) =>
  ({ runner, send, listen }: ProcessSide): void => {
    const locking = awaitLock(join(folder, 'data'), 'gateway', PATIENCE_MS);
    runner.onEnd(() => void locking.then((lock) => lock.release()));
    const gateway = new Gateway({
      ...{ world: runner, threads: THREADS, send, isAlone: locking },
      memory: createCounterMemory({ entries: 1_024, threads: THREADS, seed: [1, 2] }),
      quotas: { read: () => null, write: () => undefined },
      startThread: (seed, on) => threadOf(runner, seed, on),
      exit: () => runner.end(),
    });
    listen(
      (message) => void gateway.receive(message as ToGateway),
      () => void gateway.drainAndExit(),
    );
  };

function threadOf(process: Runner, seed: ThreadSeed, on: CrewThreadEvents): CrewThread {
  const world = new Runner(process.machine, process);
  const toCrew = new Wire<FromThread>(process, POST_MS, on.heard);
  const toThread = new Wire<() => void>(world, POST_MS, (work) => work());
  let thread: ServingThread | null = null;
  toThread.put(() => {
    thread = new ServingThread({
      ...{ seed, world, tell: (message) => toCrew.put(message) },
      openHosts: (rights) =>
        new ThreadHosts({
          ...{ seed, world, rights },
          notify: (notice) => toCrew.put({ type: 'notice', notice }),
        }),
    });
  });
  world.onEnd(() => process.soon(POST_MS, on.ended));
  return {
    tell: (message) => toThread.put(() => thread?.receive(message)),
    end: () => world.end(),
  };
}
