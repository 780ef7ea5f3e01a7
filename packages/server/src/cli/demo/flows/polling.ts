import { setTimeout as pause } from 'node:timers/promises';
import type { Teller, Told } from '../teller.ts';

const WAIT_MS = 300_000;

/** Asks for the token until somebody has decided, as slowly as it is told to (RFC 8628 §3.5). */
export async function askUntilDecided(
  teller: Teller,
  ask: () => Promise<Told>,
  intervalSeconds: number,
): Promise<Told> {
  const until = performance.now() + WAIT_MS;
  for (let seconds = intervalSeconds; ; ) {
    const answer = await ask();
    const { error } = answer.json;
    if (error !== 'authorization_pending' && error !== 'slow_down') return answer;
    if (performance.now() > until) throw new Error('nobody decided within five minutes');
    if (error === 'slow_down') seconds += intervalSeconds;
    teller.say(`  (it waits ${seconds} seconds)\n`);
    await pause(seconds * 1_000);
  }
}
