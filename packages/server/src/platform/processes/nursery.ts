import { setFlagsFromString } from 'node:v8';

/**
 * An option of Node for a process whose main thread has little to do: V8 keeps as much room for new objects
 * as it once had use for, three times over, and 16 MB of it are reached by loading modules alone. In MB.
 */
export const SMALL_NURSERY = '--max-semi-space-size=1';

/** The option holds for threads as well, whatever they are given: from here on they have what is theirs. */
export function leaveNurseriesToThreads(): void {
  setFlagsFromString('--max-semi-space-size=0');
}
