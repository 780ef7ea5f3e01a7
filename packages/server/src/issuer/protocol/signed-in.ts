import type { StoredAccount } from '../../access/accounts/index.ts';

/** Whether a session that began at this second still stands: it was not ended with all the others. */
export function isSignedIn(
  { disabledAt, signedOutAt }: Pick<StoredAccount, 'disabledAt' | 'signedOutAt'>,
  signedInAtSeconds: unknown,
): boolean {
  // Ask for the side that is let in, so that a NaN is not.
  return (
    disabledAt === null &&
    typeof signedInAtSeconds === 'number' &&
    signedInAtSeconds >= Math.floor(signedOutAt / 1000)
  );
}
