/** A collection stops the thread for some 10 ms: at most so often. */
const PAUSE_MS = 500;

/**
 * Asks for a collection while the memory budget is nearly spent. V8 measures garbage by its own
 * heap and lets some 64 MiB of dead buffers lie in each thread, which is nothing to it and may be
 * twice the budget. While there is room nothing is asked, and a collection costs no call.
 */
export function collectorUnderPressure(now: () => number): () => void {
  const { gc } = globalThis;
  // Started by hand, without the option.
  if (gc === undefined) return () => undefined;
  let isDue = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (isDue) return;
    isDue = true;
    const waitMs = Math.max(0, lastMs + PAUSE_MS - now());
    setTimeout(() => {
      isDue = false;
      lastMs = now();
      void gc({ type: 'major', execution: 'async' });
    }, waitMs).unref();
  };
}
