import type { ToControl, ToSeatlessControl } from '../messages/between-processes.ts';
import {
  leaveNurseriesToThreads,
  serveParent,
  workInBackground,
} from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { CompilerHost } from './compiler-host.ts';
import type { Control } from './control.ts';

/** The supervisor waits five seconds. */
const END_MAX_MS = 4_500;

leaveNurseriesToThreads();

const world = realWorld;
/** Its thread reads the configuration while this one still loads. */
const compiler = new CompilerHost(world);
const loading = import('./control.ts');
/** Null until the supervisor has given it a seat. Whatever is said after that, is heard in its order. */
let control: Promise<Control> | null = null;
/** A start holds up nobody, and on a busy machine it would wait for everybody. */
let isBeforeCalls = true;

const send = serveParent<ToControl | ToSeatlessControl>(
  (message) => {
    switch (message.type) {
      case 'plan':
        return void plan(message.source);
      case 'seat':
        control = loading.then((one) => new one.Control(message.seat, { world, compiler, send }));
        return;
      default:
        if (isBeforeCalls && saysOfCalls(message)) {
          isBeforeCalls = false;
          workInBackground('process');
        }
        void control?.then((one) => one.receive(message));
        if (message.type === 'stop') void exit();
    }
  },
  () => void exit(),
);

/** That the gateway of this machine serves, by what this control has compiled or its predecessor had. */
function saysOfCalls(message: ToControl): boolean {
  if (message.type === 'gateway') return message.report.type === 'applied';
  return message.type === 'standing';
}

async function plan(source: Extract<ToSeatlessControl, { type: 'plan' }>['source']): Promise<void> {
  try {
    send(await compiler.plan(source));
  } catch (error) {
    send({ fault: (error as Error).message });
  }
}

async function exit(): Promise<void> {
  world.after(END_MAX_MS, () => process.exit(0));
  const one = await control;
  await one?.close().catch(() => undefined);
  process.exit(0);
}
