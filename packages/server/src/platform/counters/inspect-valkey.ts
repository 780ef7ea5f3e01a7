import { setTimeout as pause } from 'node:timers/promises';
import { type CountersTls, explain, openConnection, within } from './valkey-connection.ts';

const ANSWER_MS = 5_000;
const KEY = 'poorter:check';
/**
 * Asks for what counting asks for, so that a replica, a full server and one whose user may not do it
 * refuse it as they would refuse a count. What it writes is gone after a millisecond.
 */
const TRY_SCRIPT = `
redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], '1', 'PX', 1)
return redis.call('TIME')
`;

/** Throws, in the words that gateways use, where the store would not count for us. */
export async function inspectValkey(url: string, tls: CountersTls | null): Promise<void> {
  const connection = openConnection(url, tls);
  let told: unknown = null;
  connection.on('error', (error) => {
    told = error;
  });
  try {
    await within(connection.connect(), ANSWER_MS);
    await within(connection.eval(TRY_SCRIPT, 1, KEY), ANSWER_MS);
    // Refused as this user, and let in as one that needs no password: that one may be gone tomorrow.
    if (told !== null) throw told;
  } catch (error) {
    // The server's own reason arrives in these moments, when it refused the password.
    await pause(1);
    throw new Error(explain(told ?? error, url), { cause: error });
  } finally {
    connection.disconnect();
  }
}
