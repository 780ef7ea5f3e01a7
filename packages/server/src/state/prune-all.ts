import { setTimeout as pause } from 'node:timers/promises';

/** Logins, and whoever revokes a key, have the database and the thread in between. */
const PAUSE_MS = 20;

/** Until nothing is left that has expired: what comes faster than one turn takes does not pile up. */
export async function pruneAll(stores: readonly { prune(): Promise<number> }[]): Promise<void> {
  for (const store of stores) while ((await store.prune()) > 0) await pause(PAUSE_MS);
}
