import { type Collector, collector } from '../platform/processes/index.ts';

/** A collection stops the thread for some 10 ms: at most so often. */
const PAUSE_MS = 500;
/**
 * While calls are refused because their records find no place. Each leaves a connection behind, which V8
 * keeps until it collects the old generation: some 50 MiB a thread, when memory is short already because
 * records wait in it.
 */
export const REFUSING_PAUSE_MS = 2_000;

/**
 * Asks for a collection while the memory budget is nearly spent. V8 measures garbage by its own
 * heap and lets some 64 MiB of dead buffers lie in each thread, which is nothing to it and may be
 * twice the budget. While there is room nothing is asked, and a collection costs no call.
 */
export function collectorUnderPressure(now: () => number, pauseMs = PAUSE_MS): () => void {
  let collect: Collector | null = null;
  let isDue = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (isDue) return;
    isDue = true;
    const waitMs = Math.max(0, lastMs + pauseMs - now());
    setTimeout(() => {
      isDue = false;
      lastMs = now();
      collect ??= collector();
      void collect({ type: 'major', execution: 'async' });
    }, waitMs).unref();
  };
}
