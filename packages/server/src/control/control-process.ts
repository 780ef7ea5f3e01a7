import type { ToControl, ToSeatlessControl } from '../messages/between-processes.ts';
import {
  leaveNurseriesToThreads,
  serveParent,
  workInBackground,
} from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { Control } from './control.ts';
import { planOf } from './plan.ts';

/** The supervisor waits five seconds. */
const END_MAX_MS = 4_500;

leaveNurseriesToThreads();

/** Null until the supervisor has given it a seat. */
let control: Control | null = null;

const send = serveParent<ToControl | ToSeatlessControl>(
  (message) => {
    switch (message.type) {
      case 'plan':
        return send(planOf(message.source));
      case 'seat':
        workInBackground();
        control = new Control(message.seat, realWorld, send);
        return;
      default:
        control?.receive(message);
        if (message.type === 'stop') void exit();
    }
  },
  () => void exit(),
);

async function exit(): Promise<void> {
  setTimeout(() => process.exit(0), END_MAX_MS);
  await control?.close().catch(() => undefined);
  process.exit(0);
}
