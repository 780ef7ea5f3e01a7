import { parseJsonText } from '@poorter/openapi/json';
import type { AccountStore, GrantStore } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { nameSession } from '../account/browser-sessions.ts';
import { SESSION_LIFE_SECONDS } from '../protocol/grant-life.ts';
import type { Provider } from '../protocol/library.ts';
import type { PairwiseNames } from '../protocol/pairwise.ts';
import { existingGrant, findAccount, type signInPolicy } from '../protocol/people.ts';

export interface CodePorts {
  readonly snapshot: Pick<IssuerSnapshot, 'passwords' | 'federation'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly grants: Pick<GrantStore, 'latest' | 'hold'>;
  readonly pairwise: PairwiseNames;
  readonly policy: ReturnType<typeof signInPolicy>;
  readonly now: () => number;
}

type Session = InstanceType<Provider['Session']>;
type Grant = InstanceType<Provider['Grant']>;

/** What the library has made of a request that was pushed, as far as a code is made of it. */
export interface CodeContext {
  readonly oidc: {
    readonly provider: Provider;
    readonly client: LibraryClient;
    readonly params: Readonly<Record<string, unknown>>;
    readonly requestParamScopes: Set<string>;
    readonly resourceServers: Readonly<Record<string, object>>;
    claims: { id_token?: Record<string, unknown> };
    session?: Session;
    entity(name: string, value: object): void;
  };
}

interface LibraryClient {
  readonly clientId: string;
  readonly clientName?: string;
  readonly sectorIdentifier?: string;
  includeSid(): boolean;
}

/** Somebody who has just shown who they are. */
export interface ShownPerson {
  readonly accountId: string;
  readonly acr: string;
  readonly amr: readonly string[];
  /** What they allowed this installation before, where that is known. */
  readonly grant: string | null;
}

export interface CodeTerms {
  /** To whose proofs the code is bound; null: to a certificate, which the token endpoint asks for. */
  readonly thumbprint: string | null;
  /** That the token endpoint compares. */
  readonly redirectUri: string;
  /** Tokens without an end of the session, where that was allowed before. */
  readonly isLasting: boolean;
}

/** They have just signed in, and a device of theirs asks: what the library asks for beyond that is asked on a page. */
const DONE_HERE: ReadonlySet<string> = new Set(['login_prompt', 'native_client_prompt']);

/**
 * A code of the library, for a person who signed in within the application, by what they allowed on our page before. Null:
 * they did not, or the application asks for more than they have shown. It is what the library does at the end of a redirect.
 */
export async function codeFor(
  ctx: CodeContext,
  shown: ShownPerson,
  terms: CodeTerms,
  ports: CodePorts,
): Promise<string | null> {
  const account = await findAccount(ports, ctx, shown.accountId);
  if (account === undefined) return null;
  ctx.oidc.entity('Account', account);
  ctx.oidc.claims = claimsOf(ctx.oidc.params);
  // The one of this installation, or else what they have allowed elsewhere since.
  for (const grant of shown.grant === null ? [null] : [shown.grant, null]) {
    const code = await codeBy(ctx, { ...shown, grant }, terms, ports);
    if (code !== null) return code;
  }
  return null;
}

async function codeBy(
  ctx: CodeContext,
  { accountId, acr, amr, grant: known }: ShownPerson,
  terms: CodeTerms,
  ports: CodePorts,
): Promise<string | null> {
  const { oidc } = ctx;
  const { provider, client } = oidc;
  const session = new provider.Session();
  session.loginAccount({ accountId, acr, amr: [...amr] });
  session.ensureClientContainer(client.clientId);
  if (known !== null) session.grantIdFor(client.clientId, known);
  oidc.session = session;
  const grant = await existingGrant(ports, ctx as unknown as Parameters<typeof existingGrant>[1]);
  if (grant === undefined) return null;
  oidc.entity('Grant', grant);
  session.grantIdFor(client.clientId, grant.jti);
  const scope = grantedScope(ctx, grant, terms);
  if (scope === '' || (await isMoreAsked(ctx, ports.policy))) return null;
  nameSession(session, client.clientName ?? '');
  const isLasting = scope.split(' ').includes('offline_access');
  if (isLasting) session.authorizationFor(client.clientId).persistsLogout = true;
  await session.save(SESSION_LIFE_SECONDS);
  return saveCode(ctx, session, { ...terms, isLasting, scope, grantId: grant.jti });
}

async function isMoreAsked(ctx: CodeContext, policy: CodePorts['policy']): Promise<boolean> {
  for (const { checks } of policy) {
    for (const one of checks) {
      if (DONE_HERE.has(one.reason)) continue;
      if (await one.check(ctx as never)) return true;
    }
  }
  return false;
}

/** What was asked and allowed, of this server and of the APIs. */
function grantedScope(
  { oidc }: CodeContext,
  grant: Grant,
  { isLasting }: Pick<CodeTerms, 'isLasting'>,
): string {
  const asked = new Set([...oidc.requestParamScopes, ...(isLasting ? ['offline_access'] : [])]);
  const texts = [
    grant.getOIDCScopeFiltered(asked),
    ...Object.keys(oidc.resourceServers).map((identifier) =>
      grant.getResourceScopeFiltered(identifier, asked),
    ),
  ];
  return [...new Set(texts.flatMap((text) => text.split(' ')))].filter(Boolean).join(' ');
}

function saveCode(
  { oidc }: CodeContext,
  session: Session,
  {
    thumbprint,
    redirectUri,
    isLasting,
    scope,
    grantId,
  }: CodeTerms & { readonly scope: string; readonly grantId: string },
): Promise<string> {
  const { provider, client, params, claims } = oidc;
  const resources = Object.keys(oidc.resourceServers);
  const code = new provider.AuthorizationCode({
    ...{ client, accountId: session.accountId, acr: session.acr, amr: session.amr },
    ...{ authTime: session.authTime(), nonce: params['nonce'], scope, grantId, redirectUri },
    ...{ codeChallenge: params['code_challenge'], sessionUid: session.uid },
    codeChallengeMethod: params['code_challenge_method'],
    ...(!isLasting && { expiresWithSession: true }),
    ...(Object.keys(claims).length > 0 && { claims }),
    ...(resources.length > 0 && { resource: resources.length === 1 ? resources[0] : resources }),
    ...(thumbprint !== null && { dpopJkt: thumbprint }),
    ...(client.includeSid() && { sid: session.sidFor(client.clientId) }),
  } as never);
  return code.save();
}

/** OpenID Connect Core §5.5, §3.1.2.1: what an ID token will say is what was asked, however it was asked. */
export function claimsOf(params: CodeContext['oidc']['params']): CodeContext['oidc']['claims'] {
  const asked = params['claims'];
  const claims = (typeof asked === 'string' ? parseJsonText(asked) : {}) as {
    id_token?: Record<string, unknown>;
  };
  const more = {
    ...((params['max_age'] !== undefined || promptsOf(params).includes('login')) && {
      auth_time: { essential: true },
    }),
    ...(typeof params['acr_values'] === 'string' && {
      acr: { values: params['acr_values'].split(' ') },
    }),
  };
  if (Object.keys(more).length === 0) return claims;
  return { ...claims, id_token: { ...claims.id_token, ...more } };
}

export function promptsOf(params: Readonly<Record<string, unknown>>): string[] {
  const { prompt } = params;
  return typeof prompt === 'string' ? prompt.split(' ') : [];
}
