import type { Everywhere } from '../admin-api/index.ts';
import { AdminProblem } from '../messages/admin-problems.ts';
import { notice } from '../messages/notices.ts';
import type { Notify } from '../platform/notices/index.ts';
import { type LiveFeed, NotEverywhereError } from './live-feed.ts';

/** A stalled gateway thread is replaced within this time. */
const TELL_MAX_MS = 8_000;

/** Reaches gateways with what was stored, for the verbs of the admin API. */
export function reachEverywhere(
  live: LiveFeed,
  /** The gate in front of the admin API decides by what is stored when it resolves. */
  operators: () => Promise<void>,
  notify: Notify,
): Everywhere {
  /** Whoever does not decide yet by what is stored. It is stored: nothing here may say otherwise. */
  const unreached = async (maxMs?: number): Promise<readonly string[]> => {
    try {
      await operators();
      await live.reach(maxMs);
      return [];
    } catch (error) {
      if (error instanceof NotEverywhereError) return error.gateways;
      const text = `sending changes to gateways: ${(error as Error).message}`;
      notify(notice('live_unsent', text));
      // What was not sent, nobody has.
      return live.everyone;
    }
  };
  return {
    async untilEnforced() {
      const gateways = await unreached();
      if (gateways.length > 0) throw new AdminProblem('not_everywhere_yet', { gateways });
    },
    announce: () => unreached(TELL_MAX_MS),
  };
}
