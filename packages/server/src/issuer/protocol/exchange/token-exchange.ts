import type { AccountStore } from '../../../access/accounts/index.ts';
import { EXCHANGE_GRANT } from '../client-metadata.ts';
import { errors } from '../library.ts';
import type { PairwiseNames } from '../pairwise.ts';
import { findAccount } from '../people.ts';
import type { PresentedClaims, PresentedTokens } from '../presented-tokens.ts';
import { type ResourcePorts, resourceServerInfo } from '../resources.ts';
import { keepExchange } from './exchange-of-call.ts';
import { actorOf, narrowedScope, passedOnDetails, passedOnRoles } from './exchange-rules.ts';
import type { ExchangingProvider } from './exchanging-provider.ts';

export interface ExchangePorts extends ResourcePorts {
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly pairwise: PairwiseNames;
  readonly presented: Pick<PresentedTokens, 'read'>;
  readonly now: () => number;
}

/** What the library's words for a call leave open here. */
export interface ExchangeContext {
  readonly oidc: {
    readonly client: { readonly clientId: string; readonly sectorIdentifier: string };
    readonly params: Record<string, unknown>;
    readonly entities: { readonly ClientCredentials?: { isSenderConstrained(): boolean } };
    entity(name: string, value: object): void;
  };
  body: unknown;
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** An access token here is a JWT, and may be called so. RFC 8693 §3. */
const SUBJECT_TYPES: readonly unknown[] = [ACCESS_TOKEN, 'urn:ietf:params:oauth:token-type:jwt'];

const PARAMETERS = [
  ...['subject_token', 'subject_token_type', 'requested_token_type', 'actor_token'],
  ...['actor_token_type', 'resource', 'audience', 'scope', 'authorization_details'],
];
/** RFC 8693 §2.1: more than one is a wish of its own, which is refused as such. */
const SEVERAL = ['resource', 'audience'];

/** RFC 8693: a client that was called with a token calls on with one of its own, which is worth less. */
export function offerExchange(provider: ExchangingProvider, ports: ExchangePorts): void {
  provider.registerGrantType(
    EXCHANGE_GRANT,
    (ctx) => exchange(ctx as unknown as ExchangeContext, provider, ports),
    PARAMETERS,
    SEVERAL,
  );
}

async function exchange(
  ctx: ExchangeContext,
  provider: ExchangingProvider,
  ports: ExchangePorts,
): Promise<void> {
  const { params } = ctx.oidc;
  refuseOtherTypes(params);
  const token = String(params['subject_token']);
  const subject = await subjectOf(token, ports);
  const target = targetOf(params, subject);
  const client = await ports.clients.show(ctx.oidc.client.clientId);
  if (client === undefined) throw new errors.InvalidTarget();
  const info = resourceServerInfo(ports.snapshot, target, client);
  const asked = params['scope'] as string | undefined;
  const details = passedOnDetails(subject, target, client);
  keepExchange(ctx, {
    sub: await nameFor(ctx, subject, provider, ports),
    exp: subject.exp,
    details,
    claims: {
      ...{ grant_id: subject.grant_id, acr: subject['acr'], auth_time: subject['auth_time'] },
      act: actorOf(subject, client.id),
      ...passedOnRoles(subject, ports.snapshot, target),
    },
  });
  params['resource'] = target;
  params['scope'] = narrowedScope(subject, { asked, target, info });
  if (details.length > 0) params['authorization_details'] ??= JSON.stringify(details);
  await provider.giveToken(ctx);
  await answer(ctx, token, subject, ports);
}

function refuseOtherTypes(params: ExchangeContext['oidc']['params']): void {
  const { subject_token: token, subject_token_type: type, requested_token_type: wish } = params;
  if (params['actor_token'] !== undefined || params['actor_token_type'] !== undefined) {
    throw new errors.InvalidRequest('actor_token is not taken here: the client itself acts');
  }
  if (typeof token !== 'string') throw new errors.InvalidRequest('subject_token is missing');
  if (!SUBJECT_TYPES.includes(type)) {
    throw new errors.InvalidRequest(`subject_token_type is not ${ACCESS_TOKEN}`);
  }
  if (wish !== undefined && wish !== ACCESS_TOKEN) {
    throw new errors.InvalidRequest(`requested_token_type is not ${ACCESS_TOKEN}`);
  }
}

/** RFC 8693 §2.2.2: whatever is wrong with it, the request is invalid. */
async function subjectOf(
  token: string,
  { presented, snapshot }: Pick<ExchangePorts, 'presented' | 'snapshot'>,
): Promise<PresentedClaims> {
  const subject = await presented.read(token);
  const isForApi = snapshot.resources.some(({ identifier }) => identifier === subject?.['aud']);
  if (subject === null || !isForApi) {
    throw new errors.InvalidRequest(
      'subject_token is no access token of an API here, or has ended',
    );
  }
  return subject;
}

function targetOf(params: ExchangeContext['oidc']['params'], { aud }: PresentedClaims): string {
  const { resource, audience } = params;
  const named = new Set([resource, audience].flat().filter((one) => one !== undefined));
  if (named.size > 1) throw new errors.InvalidTarget('a token is for one API');
  const [target = aud] = named;
  return String(target);
}

/** A program has one name. A person has one at each site, and is told to nobody by that of another. */
async function nameFor(
  ctx: ExchangeContext,
  { sub, grant_id: grant, client_id: holder }: PresentedClaims,
  provider: ExchangingProvider,
  { pairwise, accounts }: Pick<ExchangePorts, 'pairwise' | 'accounts'>,
): Promise<string> {
  if (grant === undefined) return sub;
  const { client } = ctx.oidc;
  const known = await provider.Client.find(holder);
  const id = pairwise.accountOf(sub, String(known?.['sectorIdentifier'] ?? ''));
  const account = id === null ? undefined : await findAccount({ accounts, pairwise }, ctx, id);
  if (account === undefined) {
    throw new errors.InvalidRequest('subject_token is about nobody who may come in here');
  }
  // The record says for whom it was.
  ctx.oidc.entity('Account', account);
  return pairwise.nameOf(account.accountId, client.sectorIdentifier);
}

/** What was given goes out unless something has become wrong with it in the meantime. */
async function answer(
  ctx: ExchangeContext,
  token: string,
  subject: PresentedClaims,
  { presented, now }: Pick<ExchangePorts, 'presented' | 'now'>,
): Promise<void> {
  const isBound = ctx.oidc.entities.ClientCredentials?.isSenderConstrained() === true;
  if (subject['cnf'] !== undefined && !isBound) {
    throw new errors.InvalidRequest('a bound token is exchanged for a bound one: show a proof');
  }
  // Taken back while this went on: the denial is about what was given before it, and this would be given after it.
  if ((await presented.read(token)) === null) {
    throw new errors.InvalidRequest('subject_token has ended');
  }
  const body = ctx.body as { readonly expires_in: number };
  const restSeconds = subject.exp - Math.floor(now() / 1000);
  ctx.body = {
    ...body,
    issued_token_type: ACCESS_TOKEN,
    expires_in: Math.min(body.expires_in, restSeconds),
  };
}
