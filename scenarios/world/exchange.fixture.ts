import * as oidc from 'openid-client';
import { call } from './calls.fixture.ts';
import { startRawUpstream } from './echo-upstream.fixture.ts';
import { makeMachine, startIssuer } from './own-issuer.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const BOTH = 'accounts.read,accounts.write';
export const FREE = ['--binding', 'none', '--accept', 'unbound-tokens'];

export function exchange(
  configuration: oidc.Configuration,
  token: string,
  more: Readonly<Record<string, string>> = {},
  options: oidc.DPoPOptions = {},
) {
  const parameters = { subject_token: token, subject_token_type: ACCESS_TOKEN, ...more };
  return oidc.genericGrantRequest(configuration, EXCHANGE, parameters, options);
}

/** A gate, its authorization server, and programs that call each other. */
export async function startExchange(t: Lifetime, configuration: Record<string, unknown> = {}) {
  const upstream = await startRawUpstream(t);
  const issuer = await startIssuer(t, upstream.url, configuration);
  const ask = async (token: string, path = '/accounts') => {
    const headers = { authorization: `Bearer ${token}` };
    return (await call(`${issuer.poorter.url}${path}`, { headers })).status;
  };
  /** Takes what it was called with for its own. */
  const makeService = (scopes = 'accounts.read', ...more: readonly string[]) =>
    makeMachine(issuer, scopes, '--flows', 'exchange', ...(more.length > 0 ? more : FREE));
  const makeCaller = (scopes = BOTH) => makeMachine(issuer, scopes, ...FREE);
  return { upstream, issuer, ask, makeService, makeCaller };
}

/** A token for itself. */
export async function give(
  { configuration }: { configuration: oidc.Configuration },
  scope: string,
) {
  return (await oidc.clientCredentialsGrant(configuration, { scope })).access_token;
}
