import { ControlMachine } from './simulated-control.fixture.ts';
import { SimulatedNetwork } from './simulated-link.fixture.ts';
import { type Runner, Simulation } from './simulated-machine.fixture.ts';
import { RemoteMachine } from './simulated-remote.fixture.ts';

export const STEPS = 300;
const STALE_MS = [5_000, 20_000, 90_000];

interface World {
  readonly simulation: Simulation;
  readonly control: ControlMachine;
  readonly remotes: readonly RemoteMachine[];
  readonly done: string[];
}

function makeWorld(seed: number): World {
  const simulation = new Simulation(seed);
  const { dice } = simulation;
  const network = new SimulatedNetwork();
  const control = new ControlMachine(simulation, network, STALE_MS[dice(3)] as number);
  control.start();
  const instance = (digit: string) => digit.repeat(32);
  // Two machines share a name, as when one was replaced and lives on.
  const remotes = [
    new RemoteMachine(simulation, network, 'a', instance('1')),
    new RemoteMachine(simulation, network, 'a', instance('2')),
    new RemoteMachine(simulation, network, 'b', instance('3')),
  ];
  for (const remote of remotes.slice(dice(2))) remote.start();
  return { simulation, control, remotes, done: [] };
}

type Place = ControlMachine | RemoteMachine;
type Fault = (world: World, place: Place, remote: RemoteMachine) => void;

function anyOf<Thing>({ simulation }: World, things: Iterable<Thing>): Thing | undefined {
  const all = [...things];
  return all[simulation.dice(Math.max(1, all.length))];
}

const runnersAt = ({ supervisor, processes, gateways }: Place): Runner[] => [
  ...(supervisor === null ? [] : [supervisor]),
  ...processes,
  ...gateways.threads.map(({ runner }) => runner),
];

/** Killed, and another is there before its children have noticed. */
function replace(place: Place): void {
  place.supervisor?.end();
  place.start();
}

/** What befalls machines, processes, threads, wires and clocks. */
const FAULTS: Readonly<Record<string, Fault>> = {
  revoke: ({ control }) => control.revoke(),
  'cut: control is not heard': (_, __, remote) => remote.setCut({ toGateway: true }),
  'cut: control does not hear': (_, __, remote) => remote.setCut({ toControl: true }),
  'cut: both ways': (_, __, remote) => remote.setCut({ toControl: true, toGateway: true }),
  mend: (_, __, remote) => remote.setCut({ toControl: false, toGateway: false }),
  'kill control': ({ control }) => control.control?.end(),
  'stop control': ({ control }) => control.control?.stop(),
  'let control go on': ({ control }) => control.control?.goOn(),
  'kill a supervisor': (_, place) => place.supervisor?.end(),
  'replace a supervisor': (_, place) => replace(place),
  'replace a supervisor whose children were stopped': (_, place) => {
    for (const process of place.processes) process.stop();
    replace(place);
  },
  'replace a supervisor, and end the next one soon': ({ simulation }, place) => {
    replace(place);
    place.supervisor?.after(simulation.dice(4_000), () => place.end());
  },
  'replace a supervisor, revoke, and kill the next gateway soon': ({ control }, place) => {
    replace(place);
    place.supervisor?.after(2_000, () => control.revoke());
    place.supervisor?.after(2_100, () => place.gateways.newest?.end());
  },
  'stop a supervisor': (_, place) => place.supervisor?.stop(),
  'kill a process': (world, place) => anyOf(world, place.processes)?.end(),
  'kill the newest process': (_, place) => [...place.processes].at(-1)?.end(),
  'stop a process': (world, place) => anyOf(world, place.processes)?.stop(),
  'kill a thread': (world, place) => anyOf(world, place.gateways.threads)?.runner.end(),
  'stall a thread': (world, place) => anyOf(world, place.gateways.threads)?.runner.stop(),
  'stop a whole machine': (_, place) => {
    for (const runner of runnersAt(place)) runner.stop();
  },
  'let all go on': (_, place) => {
    for (const runner of runnersAt(place)) runner.goOn();
  },
  'end a machine': (_, place) => place.end(),
  'start a machine': (_, place) => place.start(),
  'a machine falls asleep': (_, place) => place.machine.sleep(),
  'a machine wakes': (_, place) => place.machine.wake(),
  'clocks are set': ({ simulation }, { machine }) => {
    // Set back while it sleeps, it could hide the sleep for the fiftieth of a second after.
    if (!machine.isAsleep) machine.wallStep += (simulation.dice(2_001) - 1_000) * 1_000;
  },
  'another configuration': ({ control, simulation }) =>
    control.reconfigure(STALE_MS[simulation.dice(3)] as number),
};
/** Most of what happens is revocations and recovery: a world of broken things shows nothing. */
const OFTEN = [
  ...['revoke', 'revoke', 'revoke', 'revoke', 'mend', 'let control go on'],
  ...['let all go on', 'start a machine', 'a machine wakes'],
];
const STEPS_MS = [1, 10, 60, 200, 700, 2_000];

async function step(world: World): Promise<void> {
  const { simulation, control, remotes, done } = world;
  const { dice } = simulation;
  await simulation.run(STEPS_MS[dice(STEPS_MS.length)] as number);
  if (dice(4) !== 0) return;
  const places: readonly Place[] = [control, ...remotes];
  const place = dice(places.length);
  const names = dice(4) === 0 ? Object.keys(FAULTS) : OFTEN;
  const name = names[dice(names.length)] as string;
  done.push(`${simulation.now} ${name} ${place}`);
  const remote = remotes[Math.max(0, place - 1)] as RemoteMachine;
  (FAULTS[name] as Fault)(world, places[place] as Place, remote);
}

export interface RevocationsSimulated {
  readonly seeds: number;
  /** Keys of which it was said that they are revoked everywhere. */
  revoked: number;
  /** Of which it was said, in time, that they are not yet. */
  notEverywhere: number;
  /** Threads that let callers in, by looks at them. */
  served: number;
}

/**
 * Lives through each seed, and looks after every step whether any thread still accepts a key that was said
 * to be revoked everywhere. Throws with the seed and what befell it.
 */
export async function simulateRevocations(from: number, to: number): Promise<RevocationsSimulated> {
  const came = { seeds: to - from + 1, revoked: 0, notEverywhere: 0, served: 0 };
  for (let seed = from; seed <= to; seed++) {
    const world = makeWorld(seed);
    const { control, remotes, done } = world;
    const threads = () => [control, ...remotes].flatMap(({ gateways }) => gateways.threads);
    for (let at = 0; at < STEPS; at++) {
      await step(world);
      for (const thread of threads()) {
        const accepted = thread.accepted(control.revokedEverywhere);
        if (accepted.length === 0) continue;
        const story = done.slice(-40).join('\n');
        throw new Error(`${accepted} still accepted: seed ${seed}, step ${at}\n${story}`);
      }
      came.served += threads().filter((thread) => thread.serves).length;
    }
    came.revoked += control.revokedEverywhere.size;
    came.notEverywhere += control.notEverywhere;
  }
  return came;
}
