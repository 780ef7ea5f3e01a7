import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * This process works when nobody else needs the processor: calls come before compiling. Linux
 * keeps a priority for each thread, so those that V8 has already started are told too.
 */
export function workInBackground(): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has just ended, or this system does not allow it: then all are equal, as before.
    }
  }
}

function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
