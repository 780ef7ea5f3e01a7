import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Control } from './world/simulated-control.fixture.ts';
import { Gateway } from './world/simulated-gateway.fixture.ts';
import { type Dice, diceOf, type Time } from './world/simulated-machine.fixture.ts';

const SEEDS = 150;
const STEPS = 2_500;
const STALE_MS = [5_000, 20_000, 90_000];

interface World {
  readonly time: Time;
  readonly dice: Dice;
  readonly control: Control;
  readonly gateways: readonly Gateway[];
  readonly done: string[];
}

function makeWorld(seed: number): World {
  const dice = diceOf(seed);
  const time = { now: 1_000_000 };
  const control = new Control(time, dice, STALE_MS[dice(3)] as number);
  control.start();
  const instance = (digit: string) => digit.repeat(32);
  // Two machines share a name, as when one was replaced and lives on.
  const gateways = [
    new Gateway(time, dice, 'a', instance('1')),
    new Gateway(time, dice, 'a', instance('2')),
    new Gateway(time, dice, 'b', instance('3')),
  ];
  for (const gateway of gateways.slice(dice(2))) gateway.start();
  return { time, dice, control, gateways, done: [] };
}

type Fault = (world: World, gateway: Gateway) => void;

/** What befalls machines, processes, wires and clocks. */
const FAULTS: Readonly<Record<string, Fault>> = {
  revoke: ({ control }) => control.isUp && !control.isStopped && control.revoke(),
  'cut: control is not heard': (_, gateway) => {
    gateway.cut.toGateway = true;
  },
  'cut: control does not hear': (_, gateway) => {
    gateway.cut.toControl = true;
  },
  'cut: both ways': (_, gateway) => {
    gateway.cut = { toControl: true, toGateway: true };
  },
  mend: (_, gateway) => {
    gateway.cut = { toControl: false, toGateway: false };
  },
  'kill control': ({ control }) => control.isUp && control.kill(),
  'start control': ({ control }) => {
    control.isStopped = false;
    if (!control.isUp) control.start();
  },
  'stop control': ({ control }) => {
    control.isStopped = true;
  },
  'let control go on': ({ control }) => {
    control.isStopped = false;
  },
  'stop a supervisor': (_, gateway) => {
    gateway.isStopped = true;
  },
  'stop a gateway process': (_, gateway) => {
    for (const process of gateway.processes) process.isStopped = true;
  },
  'stop a whole gateway': (_, gateway) => {
    gateway.isStopped = true;
    for (const process of gateway.processes) process.isStopped = true;
  },
  'let a gateway go on': (_, gateway) => {
    gateway.isStopped = false;
    for (const process of gateway.processes) process.isStopped = false;
  },
  'kill a supervisor': (_, gateway) => gateway.killSupervisor(),
  'kill a gateway process': (_, gateway) => gateway.killProcess(),
  'end a gateway': (_, gateway) => gateway.end(),
  'start a gateway': (_, gateway) => gateway.start(),
  'a machine falls asleep': (_, gateway) => gateway.machine.sleep(),
  'a machine wakes': (_, gateway) => gateway.machine.wake(),
  'the machine of control falls asleep': ({ control }) => control.machine.sleep(),
  'the machine of control wakes': ({ control }) => control.machine.wake(),
  'clocks are set': ({ control, dice }, gateway) => {
    for (const { machine } of [gateway, control]) {
      // Set back while it sleeps, it could hide the sleep for the fiftieth of a second after.
      if (!machine.isAsleep) machine.wallStep += (dice(2_001) - 1_000) * 1_000;
    }
  },
  'another bound': ({ control, dice }) =>
    control.isUp && !control.isStopped && control.changeStaleness(STALE_MS[dice(3)] as number),
};
/** Most of what happens is revocations and recovery: a world of broken things shows nothing. */
const OFTEN = [
  ...['revoke', 'revoke', 'revoke', 'mend', 'start control', 'let control go on'],
  ...['let a gateway go on', 'start a gateway', 'a machine wakes', 'the machine of control wakes'],
];
const STEPS_MS = [1, 10, 60, 200, 700, 2_000];

function step(world: World): void {
  const { time, dice, control, gateways } = world;
  time.now += STEPS_MS[dice(STEPS_MS.length)] as number;
  const gateway = gateways[dice(gateways.length)] as Gateway;
  if (dice(4) === 0) {
    const names = dice(2) === 0 ? OFTEN : Object.keys(FAULTS);
    const name = names[dice(names.length)] as string;
    world.done.push(`${time.now} ${name} ${gateways.indexOf(gateway)}`);
    (FAULTS[name] as Fault)(world, gateway);
  }
  for (const one of gateways) one.run(control);
  control.run();
}

test('never is a revocation everywhere while any gateway still accepts, whatever is cut, killed, stopped or asleep', async () => {
  let revocations = 0;
  let servedByOld = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = makeWorld(seed);
    const { control, gateways } = world;
    await Promise.resolve();
    for (let at = 0; at < STEPS; at++) {
      step(world);
      const accepting = gateways.findIndex((gateway) => gateway.accepts(control.everywhere));
      const story = () => `seed ${seed}, step ${at}\n${world.done.slice(-40).join('\n')}`;
      if (accepting >= 0) assert.fail(`gateway ${accepting} still accepts: ${story()}`);
      if (gateways.some((gateway) => gateway.accepts(control.sequence))) servedByOld += 1;
    }
    revocations += control.everywhere;
    await Promise.resolve();
    control.kill();
  }
  // The world is one in which something happens: else the guarantee would be met by silence.
  assert.ok(revocations > 20 * SEEDS, `${revocations} revocations came everywhere`);
  assert.ok(servedByOld > 20 * SEEDS, `${servedByOld} times a gateway served by something older`);
});
