import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * This process, or the thread that asks alone, works when nobody else needs the processor: calls come before
 * compiling. Linux keeps a priority for each thread, so those that V8 has already started are told too.
 */
export function workInBackground(who: 'process' | 'thread'): void {
  for (const thread of who === 'thread' ? [THIS_THREAD] : threads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has just ended, or this system does not allow it: then all are equal, as before.
    }
  }
}

/** setpriority(2): of Linux, and elsewhere the process. */
const THIS_THREAD = 0;

function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [THIS_THREAD];
  }
}
