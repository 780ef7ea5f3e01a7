import type { ExpressionBuilder } from 'kysely';
import type { KeyState, KeyTables, KeyTerms } from './key-row.ts';

/** Whether somebody who had the terms before could do more with them, or what nobody can compare. */
export function takesAway(before: KeyTerms, after: KeyTerms): boolean {
  const holdsAll = (wider: readonly string[], narrower: readonly string[]) =>
    narrower.every((one) => wider.includes(one));
  return !(
    holdsAll(after.scopes, before.scopes) &&
    holdsAll(after.roles, before.roles) &&
    // Without networks it may be used from everywhere.
    (after.networks.length === 0 ||
      (before.networks.length > 0 && holdsAll(after.networks, before.networks))) &&
    JSON.stringify(after.limits) === JSON.stringify(before.limits) &&
    (after.expiresAt === null ||
      (before.expiresAt !== null && after.expiresAt >= before.expiresAt)) &&
    after.owner === before.owner
  );
}

/** As `stateOf` says of one key; filtered before the page is cut, so that pages are full. */
export function isInState(state: KeyState, now: number) {
  return ({ and, or, not, eb }: ExpressionBuilder<KeyTables, 'api_key'>) => {
    const isRevoked = eb('revoked_at', 'is not', null);
    const isExpired = and([eb('expires_at', 'is not', null), eb('expires_at', '<=', now)]);
    const hasOverlapped = or([eb('overlap_until', 'is', null), eb('overlap_until', '<=', now)]);
    const isRotated = and([eb('rotated_to', 'is not', null), hasOverlapped]);
    switch (state) {
      case 'revoked':
        return isRevoked;
      case 'expired':
        return and([not(isRevoked), isExpired]);
      case 'rotated':
        return and([not(isRevoked), not(isExpired), isRotated]);
      case 'active':
        return and([not(isRevoked), not(isExpired), not(isRotated)]);
      default:
        return state satisfies never;
    }
  };
}
