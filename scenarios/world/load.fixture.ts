import { Agent, request } from 'node:http';
import type { Lifetime } from './poorter.fixture.ts';

export interface Load {
  /** When so many calls have ended, however long that takes. */
  ended(calls: number): Promise<void>;
  /** Ends the load when the calls under way have ended. */
  stop(): Promise<LoadResult>;
}

export interface LoadResult {
  readonly passed: number;
  /** What went wrong, a line for each. */
  readonly failed: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Calls one after the other on each of so many kept connections, until stopped. */
export function startLoad(
  t: Lifetime,
  url: string,
  { connections, expected = 200 }: { connections: number; expected?: number },
): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const failed: string[] = [];
  const durations: number[] = [];
  const waiting: { readonly calls: number; readonly resolve: () => void }[] = [];
  let isStopped = false;
  t.after(() => {
    isStopped = true;
    agent.destroy();
  });
  const one = () =>
    new Promise<void>((resolve) => {
      const startedAt = performance.now();
      const end = (failure: string | null) => {
        if (failure !== null) failed.push(failure);
        durations.push(performance.now() - startedAt);
        for (const { calls, resolve } of waiting) if (durations.length >= calls) resolve();
        resolve();
      };
      const outgoing = request(url, { agent }, (answer) => {
        answer.resume();
        answer.once('end', () =>
          end(answer.statusCode === expected ? null : `status ${answer.statusCode}`),
        );
        answer.once('error', (error) => end(String(error)));
      });
      outgoing.once('error', (error) => end(String(error)));
      outgoing.end();
    });
  const workers = Array.from({ length: connections }, async () => {
    // A gate that refuses connections is not asked a thousand times a second.
    while (!isStopped && failed.length < 100) await one();
  });
  return {
    ended: (calls) => new Promise((resolve) => waiting.push({ calls, resolve })),
    async stop() {
      isStopped = true;
      await Promise.all(workers);
      agent.destroy();
      const sorted = durations.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
      return { passed: durations.length - failed.length, failed, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}
