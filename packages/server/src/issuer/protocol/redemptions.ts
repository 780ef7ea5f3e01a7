import type { ServerResponse } from '../../platform/http/index.ts';

/**
 * What is being redeemed at this moment. Whoever comes second ends what the first was given, and not what the first is
 * about to be given: of a hundred who show one code at once, one is answered with tokens, and then they end.
 */
export class Redemptions {
  readonly #running = new Map<string, Set<Promise<void>>>();

  /** Before it is known who is first. Call it when it is over, or when another was first. */
  begin(what: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = this.#running.get(what) ?? new Set();
    this.#running.set(what, running.add(promise));
    return () => {
      resolve();
      running.delete(promise);
      if (running.size === 0 && this.#running.get(what) === running) this.#running.delete(what);
    };
  }

  /** Until whoever was first has been answered. */
  async settled(what: string): Promise<void> {
    for (let running = this.#running.get(what); running !== undefined; ) {
      await Promise.all(running);
      running = this.#running.get(what);
    }
  }
}

/** Once, whether the answer went out or its caller left. */
export function whenAnswered(response: ServerResponse, work: () => void): void {
  let isDone = false;
  const once = () => {
    if (!isDone) work();
    isDone = true;
  };
  if (response.writableFinished || response.destroyed) return once();
  response.once('finish', once);
  response.once('close', once);
}
