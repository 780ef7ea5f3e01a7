import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Starting leaves garbage behind, and room that it was made in: V8 keeps both for as long as little is
 * asked of it. A few MB an isolate, and some 20 ms, once.
 */
export function collectWhatStartingLeft(): void {
  const gc = globalThis.gc ?? exposedCollector();
  void gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** In a process that was started by hand. */
function exposedCollector(): NonNullable<typeof globalThis.gc> {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as NonNullable<typeof globalThis.gc>;
}
