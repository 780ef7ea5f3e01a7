import type { StoredAccount } from '../../access/accounts/index.ts';

/** Of a session, as the library keeps it and we extend it. */
export interface SessionTimes {
  /** When it began here, in milliseconds; absent in those that began before this was kept. */
  readonly begunAt?: unknown;
  /** When its person signed in, in seconds: elsewhere, that may be long before. */
  readonly loginTs?: unknown;
}

/** Whether a session still stands: it was not ended with all the others. */
export function isSignedIn(
  { disabledAt, signedOutAt }: Pick<StoredAccount, 'disabledAt' | 'signedOutAt'>,
  { begunAt, loginTs }: SessionTimes,
): boolean {
  const [began, ended] =
    begunAt === undefined ? [loginTs, Math.floor(signedOutAt / 1000)] : [begunAt, signedOutAt];
  // Ask for the side that is let in, so that a NaN is not.
  return disabledAt === null && typeof began === 'number' && began >= ended;
}
