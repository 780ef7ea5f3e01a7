import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type Collector = NonNullable<typeof globalThis.gc>;

/** Two threads that ask at once take the flag from one another. */
const TRIES_MAX = 100;

/**
 * V8's collector of this thread. `--expose-gc` on the line that starts a process would be dear: code that was
 * compiled before is good for the flags it was compiled with, and with others all of it is compiled again, Node's own
 * modules first, in each process and thread. So the flag is set for as long as it takes.
 */
export function collector(): Collector {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const found = globalThis.gc ?? exposed();
    if (found !== undefined) return found;
  }
  throw new Error('V8 shows no collector');
}

function exposed(): Collector | undefined {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('globalThis.gc') as Collector | undefined;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
