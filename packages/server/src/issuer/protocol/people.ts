import type { AccountStore, GrantStore } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import { errorPage } from '../pages/pages.ts';
import { exchangeOf } from './exchange/exchange-of-call.ts';
import { lifeOfUse } from './grant-life.ts';
import { acrValuesOf, levelsAsked, showsOneOf } from './levels.ts';
import { errors, interactionPolicy, type Provider } from './library.ts';
import type { PairwiseNames } from './pairwise.ts';
import { type PageContext, showPage } from './show-page.ts';
import { wordsOf } from './space-delimited.ts';

export interface PeoplePorts {
  readonly snapshot: IssuerSnapshot;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly cookieKey: string;
  readonly pairwise: PairwiseNames;
}

interface ClientContext {
  readonly oidc?: { readonly client?: { readonly sectorIdentifier?: string } };
}

/** RFC 6265bis §4.1.3: of this host alone, and over TLS; on this machine a browser would not keep such a name. */
export function cookiesOf({ snapshot, cookieKey }: Pick<PeoplePorts, 'snapshot' | 'cookieKey'>) {
  const isSecure = snapshot.origin.startsWith('https:');
  const named = (name: string) => `${isSecure ? '__Host-' : ''}poorter-${name}`;
  const rules = { httpOnly: true, sameSite: 'lax', secure: isSecure, signed: true } as const;
  return {
    keys: [cookieKey],
    names: { session: named('session'), interaction: named('sign-in'), resume: named('resume') },
    long: { ...rules, path: '/' },
    // The library narrows them to one path each, which a name with __Host- must not have.
    short: { ...rules, path: '/' },
  };
}

/** Null: there is no such person any more, or they may not come in. */
export async function findAccount(
  { accounts, pairwise }: Pick<PeoplePorts, 'accounts' | 'pairwise'>,
  { oidc }: ClientContext,
  called: string,
) {
  // In an ID token that an application shows, somebody is called as it calls them.
  const sector = oidc?.client?.sectorIdentifier ?? '';
  const id = called.startsWith('account_')
    ? called
    : (pairwise.accountOf(called, sector) ?? called);
  const account = await accounts.show(id);
  if (account === undefined || account.disabledAt !== null) return undefined;
  const { name, email, language, login } = account;
  const claims = {
    ...{ sub: id, name, locale: language, preferred_username: login },
    ...(email !== null && { email, email_verified: false }),
  };
  // The library gives out what was asked for and allowed, and no more.
  return { accountId: id, claims: async () => claims };
}

interface SessionContext {
  readonly oidc: {
    readonly acr?: string;
    readonly claims?: {
      readonly id_token?: {
        readonly acr?: {
          readonly essential?: boolean;
          readonly value?: unknown;
          readonly values?: unknown;
        };
      };
    };
    readonly params?: Readonly<Record<string, unknown>>;
    readonly session?: { readonly accountId?: string };
    readonly result?: { readonly login?: unknown };
  };
}

/**
 * As the library has it (whoever was signed out everywhere has no session that it finds), and besides: whoever signed
 * in more weakly than an application now asks for signs in again (RFC 9470 §4). What nobody can do here is said at once.
 */
export function signInPolicy(snapshot: Pick<IssuerSnapshot, 'passwords' | 'federation'>) {
  const values = acrValuesOf(snapshot);
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  const checks = policy.get('login')?.checks;
  checks?.add(
    new Check(
      'acr_values',
      'the person must sign in more strongly',
      'login_required',
      (context) => {
        const { oidc } = context as unknown as SessionContext;
        refuseUnattainable(oidc, values);
        const { acr_values: asked } = oidc.params ?? {};
        const isAsked = typeof asked === 'string' && oidc.session?.accountId !== undefined;
        // It is a wish: whoever has just signed in goes on, and the application sees how.
        if (!isAsked || oidc.result?.login !== undefined) return Check.NO_NEED_TO_PROMPT;
        const levels = levelsAsked(asked).filter((level) => values.includes(level));
        return levels.length === 0 || showsOneOf(oidc.acr, levels)
          ? Check.NO_NEED_TO_PROMPT
          : Check.REQUEST_PROMPT;
      },
    ),
    0,
  );
  return policy;
}

/** OpenID Connect Core §5.5.1.1: an answer without it would be none. The page would ask for ever. */
export function refuseUnattainable(
  { claims }: Pick<SessionContext['oidc'], 'claims'>,
  possible: readonly string[],
): void {
  const asked = claims?.id_token?.acr;
  if (asked?.essential !== true) return;
  const values = [asked.values ?? asked.value].flat();
  if (values.some((value) => possible.includes(String(value)))) return;
  throw new errors.UnmetAuthenticationRequirements('nobody can sign in here in this way');
}

interface GrantContext {
  readonly oidc: {
    readonly provider: Provider;
    readonly client?: { readonly clientId: string };
    readonly account?: { readonly accountId: string };
    readonly result?: { readonly consent?: { readonly grantId?: string } };
    readonly session?: { grantIdFor(client: string): string | undefined };
    readonly params?: Readonly<Record<string, unknown>>;
  };
}

export interface GrantPorts {
  readonly grants: Pick<GrantStore, 'latest' | 'hold'>;
  readonly now: () => number;
}

/**
 * What somebody has said to this application, also in another browser: a yes outlives the session in which it was
 * said. There it is one of its own, which ends with what comes of it and leaves the other alone. Each request that
 * says in detail what it is for is decided by itself (RFC 9396 §3).
 */
export async function existingGrant({ grants, now }: GrantPorts, { oidc }: GrantContext) {
  const { provider, client, account, result, session, params } = oidc;
  const chosen = result?.consent?.grantId;
  if (chosen !== undefined) return provider.Grant.find(chosen);
  if (client === undefined || account === undefined) return undefined;
  if (params?.['authorization_details'] !== undefined) return undefined;
  const ofSession = session?.grantIdFor(client.clientId);
  const known = ofSession === undefined ? undefined : await provider.Grant.find(ofSession);
  if (known !== undefined) return known;
  const id = await grants.latest(account.accountId, client.clientId);
  const said = id === undefined ? undefined : await provider.Grant.find(id);
  if (said === undefined) return undefined;
  const { openid, resources, exp } = said as unknown as SaidYes;
  const left = exp - Math.floor(now() / 1000);
  if (!(left > 0)) return undefined;
  const expiresIn = Math.min(left, lifeOfUse(wordsOf(params?.['scope'])));
  const { accountId, clientId } = said;
  const again = new provider.Grant({ accountId, clientId, openid, resources, expiresIn } as object);
  await again.save();
  await grants.hold(again.jti, said.jti);
  return again;
}

/** Of a grant: what the types of the library leave out. */
interface SaidYes {
  readonly openid?: object;
  readonly resources?: object;
  readonly exp: number;
}

export interface IssuedToken {
  readonly kind: string;
  readonly grantId?: string;
  readonly accountId?: string;
  readonly aud?: unknown;
}

interface TokenContext {
  readonly oidc: { readonly entities?: Readonly<Record<string, unknown>> };
}

/** What a token is given for, by the names of the library. */
const SOURCES = [
  ...['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest'],
];

/** What a gate decides by: what it came from, and how and when its person signed in. RFC 9068 §2.2.1. */
export async function extraClaims(
  ctx: TokenContext,
  { kind, grantId, accountId, aud }: IssuedToken,
  roles: Pick<RolesOfPeople, 'at'>,
) {
  const exchanged = exchangeOf(ctx);
  if (exchanged !== undefined) return exchanged.claims;
  if (kind !== 'AccessToken') return undefined;
  const source = SOURCES.map((name) => ctx.oidc.entities?.[name]).find((one) => one !== undefined);
  const { acr, authTime } = (source ?? {}) as { acr?: string; authTime?: number };
  const given = accountId === undefined ? [] : await roles.at(accountId, aud);
  const mayDo = given.length > 0 ? { roles: given } : {};
  return { grant_id: grantId, acr, auth_time: authTime, ...mayDo };
}

export interface ErrorContext extends PageContext {
  readonly response: { get(name: string): string };
}

/** A person is told what they can do; the application's makers find the rest by the number of the call. */
export function renderError(
  ctx: ErrorContext,
  {
    error,
    error_description: reason,
  }: { readonly error: string; readonly error_description?: string },
  snapshot: Pick<IssuerSnapshot, 'origin'>,
): Promise<void> {
  const call = ctx.response.get('poorter-call');
  const details = reason === undefined ? error : `${error}: ${reason}`;
  return showPage(ctx, snapshot, (language) => errorPage(language, call, 'wrong', details));
}

interface RotationContext {
  readonly oidc: {
    readonly client?: { readonly clientAuthMethod?: string };
    readonly entities: { readonly RefreshToken?: { isSenderConstrained(): boolean } };
  };
}

/** RFC 9700 §4.14.2: of clients that keep no secret, unless it is bound to a key. FAPI 2.0 §5.3.2.1: of no others. */
export function rotatesRefreshToken({ oidc }: RotationContext): boolean {
  const isBound = oidc.entities.RefreshToken?.isSenderConstrained() === true;
  return oidc.client?.clientAuthMethod === 'none' && !isBound;
}
