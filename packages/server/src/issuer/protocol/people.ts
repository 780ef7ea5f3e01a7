import type { AccountStore } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { markupOf, pageHeaders } from '../pages/page.ts';
import { errorPage } from '../pages/pages.ts';
import { languageOf } from '../pages/words.ts';
import { interactionPolicy } from './library.ts';

export interface PeoplePorts {
  readonly snapshot: IssuerSnapshot;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly cookieKey: string;
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
export async function findAccount({ accounts }: Pick<PeoplePorts, 'accounts'>, id: string) {
  const account = await accounts.show(id);
  if (account === undefined || account.disabledAt !== null) return undefined;
  return { accountId: id, claims: async () => ({ sub: id }) };
}

/** As the library has it: whoever was signed out everywhere has no session that it finds. */
export function signInPolicy() {
  return interactionPolicy.base();
}

export interface IssuedToken {
  readonly kind: string;
  readonly grantId?: string;
}

interface TokenContext {
  readonly oidc: { readonly entities?: Readonly<Record<string, unknown>> };
}

/** What a gate decides by: what it came from, and how and when its person signed in. RFC 9068 §2.2.1. */
export function extraClaims({ oidc }: TokenContext, { kind, grantId }: IssuedToken) {
  if (kind !== 'AccessToken') return undefined;
  const { AuthorizationCode: code, RefreshToken: refresh } = oidc.entities ?? {};
  const { acr, authTime } = (code ?? refresh ?? {}) as { acr?: string; authTime?: number };
  return { grant_id: grantId, acr, auth_time: authTime };
}

export interface ErrorContext {
  readonly req: { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
  readonly response: { get(name: string): string };
  set(name: string, value: string): void;
  body: unknown;
  type: string;
}

/** A person is told what they can do; the application's makers find the rest by the number of the call. */
export async function renderError(ctx: ErrorContext, { origin }: Pick<IssuerSnapshot, 'origin'>) {
  const accepted = ctx.req.headers['accept-language'];
  const language = languageOf(typeof accepted === 'string' ? accepted : undefined);
  const page = errorPage(language, ctx.response.get('poorter-call'), 'wrong');
  for (const [name = '', value = ''] of pageHeaders(page, origin.startsWith('https:'))) {
    ctx.set(name, value);
  }
  ctx.body = String(await markupOf(page));
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
