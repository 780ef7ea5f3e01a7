import type { StoredClient } from '../../../access/clients/index.ts';
import type { IssuerSnapshot } from '../../../messages/between-issuer.ts';
import type { Detail } from '../../details/index.ts';
import { errors } from '../library.ts';
import type { PresentedClaims } from '../presented-tokens.ts';
import type { ResourceServerInfo } from '../resources.ts';
import { wordsOf } from '../space-delimited.ts';

/** RFC 8693 §4.1: who acts now, and within it who acted before. */
export interface Actor {
  /** Id of a client. */
  readonly sub: string;
  readonly act?: Actor;
}

/** From hand to hand: whoever needs more programs in a row loses sight of them. */
export const ACTORS_MAX = 4;

/** Throws InvalidRequest. A client that makes its own token narrower acts for nobody else. */
export function actorOf({ client_id: holder, act }: PresentedClaims, client: string) {
  const before = act as Actor | undefined;
  if (holder === client) return before;
  const chain: Actor = { sub: client, act: before ?? { sub: holder } };
  if (actorsOf(chain).length > ACTORS_MAX) {
    throw new errors.InvalidRequest(`a token passes through ${ACTORS_MAX} clients at most`);
  }
  return chain;
}

/** Ids of clients, the last first. */
export function actorsOf(act: Actor | undefined): string[] {
  return act === undefined ? [] : [act.sub, ...actorsOf(act.act)];
}

export interface ScopeWish {
  /** Of the request; undefined: as many as can be. */
  readonly asked: string | undefined;
  readonly target: string;
  /** What the client may have there. */
  readonly info: Pick<ResourceServerInfo, 'scope'>;
}

/** Throws InvalidScope: never more than the token has, and never a token that is left with nothing of it. */
export function narrowedScope(
  { scope, aud }: PresentedClaims,
  { asked, target, info }: ScopeWish,
): string | undefined {
  const had = wordsOf(scope);
  if (asked !== undefined) {
    const wider = wordsOf(asked).find((one) => !had.includes(one));
    if (wider !== undefined) {
      throw new errors.InvalidScope('the subject token does not have this scope', wider);
    }
  }
  const allowed = wordsOf(info.scope);
  const chosen = asked === undefined ? had.filter((one) => allowed.includes(one)) : wordsOf(asked);
  if (chosen.length > 0) return chosen.join(' ');
  // An API without scopes: the token was for it, and stays so.
  if (had.length === 0 && aud === target) return undefined;
  throw new errors.InvalidScope(
    'nothing that the subject token has is for this client there',
    asked ?? had.join(' '),
  );
}

/**
 * What may be passed on of what somebody said yes to in detail: nothing that they signed, which is good for whom
 * they signed it; and at another API only what names it. RFC 9396 §6.
 */
export function passedOnDetails(
  { authorization_details: details, aud }: PresentedClaims,
  target: string,
  { detailTypes }: Pick<StoredClient, 'detailTypes'>,
): readonly Detail[] {
  return ((details ?? []) as readonly Detail[]).filter(
    ({ type, locations, approval }) =>
      approval === undefined &&
      detailTypes.includes(type) &&
      (locations === undefined ? aud === target : locations.includes(target)),
  );
}

/** RFC 9068 §2.2.3.1: of the roles that somebody has in it, those that the other API asks for. */
export function passedOnRoles(
  { roles }: PresentedClaims,
  { resources }: Pick<IssuerSnapshot, 'resources'>,
  target: string,
): { readonly roles?: readonly string[] } {
  const wanted = resources.find(({ identifier }) => identifier === target)?.roles ?? [];
  const had = Array.isArray(roles) ? roles : [];
  const passed = wanted.filter((role) => had.includes(role));
  return passed.length > 0 ? { roles: passed } : {};
}
