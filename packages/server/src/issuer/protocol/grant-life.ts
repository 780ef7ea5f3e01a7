import type { Provider } from './library.ts';

const DAY_SECONDS = 86_400;
/** EU 2022/2360: after 180 days somebody is asked again. */
export const GRANT_LIFE_SECONDS = 180 * DAY_SECONDS;
/** A day at a desk. Whoever pays proves it again. */
export const SESSION_LIFE_SECONDS = 28_800;

/** Refresh tokens come of it. OpenID Connect Core §11. */
const LASTING_SCOPE = 'offline_access';

/**
 * How long a yes is kept that nobody is to be reminded of: what is held in one more browser, was decided elsewhere, or is for one purpose.
 * It goes with the session, unless something comes of it that lasts: a person who signs in each day would leave a row for
 * each, for half a year.
 */
export function lifeOfUse(scopes: Iterable<string>): number {
  return [...scopes].includes(LASTING_SCOPE) ? GRANT_LIFE_SECONDS : SESSION_LIFE_SECONDS;
}

/** A yes that is said anew lasts as long as any, whatever held it before. */
export function renew(grant: InstanceType<Provider['Grant']>, nowSeconds: number): void {
  const lasting = grant as unknown as { exp: number };
  lasting.exp = Math.max(lasting.exp, nowSeconds + GRANT_LIFE_SECONDS);
}
