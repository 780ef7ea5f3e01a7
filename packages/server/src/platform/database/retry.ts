import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const ATTEMPTS_MAX = 12;
const FIRST_PAUSE_MS = 4;
const PAUSE_MS_MAX = 500;
/** SQLITE_BUSY and SQLITE_LOCKED, whatever their extended codes. */
const SQLITE_RETRYABLE = new Set([5, 6]);
/** serialization_failure and deadlock_detected: PostgreSQL asks to try again. */
const POSTGRES_RETRYABLE = new Set(['40001', '40P01']);

/** Runs it again when another transaction came between, with growing pauses. */
export async function withRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !isRetryable(error)) throw error;
    }
    const longest = Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** attempt);
    // Spread out, so that those who met once do not meet again.
    await pause(randomInt(1, longest + 1));
  }
}

export function isRetryable(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (code === 'ERR_SQLITE_ERROR') return SQLITE_RETRYABLE.has(Number(errcode) & 0xff);
  return POSTGRES_RETRYABLE.has(String(code));
}
