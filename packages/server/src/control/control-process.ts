import { parseJsonText } from '@poorter/openapi/json';
import type { FromControl, ToControl } from '../messages/between-processes.ts';
import {
  leaveNurseriesToThreads,
  serveParent,
  workInBackground,
} from '../platform/processes/index.ts';
import { realWorld } from '../platform/world/index.ts';
import { Control, type ControlSeat } from './control.ts';

/** The supervisor waits five seconds. */
const END_MAX_MS = 4_500;

const seat = parseJsonText(process.argv[2] as string) as ControlSeat;

workInBackground();
leaveNurseriesToThreads();

const send: (message: FromControl) => void = serveParent<ToControl>(
  (message) => {
    control.receive(message);
    if (message.type === 'stop') void exit();
  },
  () => void exit(),
);
const control = new Control(seat, realWorld, send);

async function exit(): Promise<void> {
  setTimeout(() => process.exit(0), END_MAX_MS);
  await control.close().catch(() => undefined);
  process.exit(0);
}
