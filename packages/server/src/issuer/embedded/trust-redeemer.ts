import type { AccountStore } from '../../access/accounts/index.ts';
import type { ClientStore } from '../../access/clients/index.ts';
import type { Provider } from '../protocol/library.ts';
import { isSignedIn } from '../protocol/signed-in.ts';
import type { Factors } from './factors.ts';
import type { GivenCodes } from './given-codes.ts';

export interface RedeemerPorts {
  readonly clients: Pick<ClientStore, 'show'>;
  readonly accounts: Pick<AccountStore, 'show'>;
  readonly factors: Pick<Factors, 'trust'>;
  readonly codes: Pick<GivenCodes, 'isGiven'>;
}

interface RedeemedCode {
  readonly jti: string;
  readonly sessionUid?: string;
  /** In seconds: when they signed in. */
  readonly authTime?: number;
  readonly clientId?: string;
  readonly accountId?: string;
  readonly grantId?: string;
  /** It was for these details alone. */
  readonly rar?: unknown;
}

/** What the library has made of a token request. */
export interface RedeemedContext {
  readonly status: number;
  readonly oidc?: {
    readonly route?: string;
    readonly provider: Provider;
    readonly entities: {
      readonly AuthorizationCode?: RedeemedCode;
      readonly AccessToken?: { readonly jkt?: string; readonly 'x5t#S256'?: string };
    };
  };
}

/**
 * Somebody has signed in on our own page for an application on their device, and what has the key came for the tokens:
 * that installation is theirs from now on. Of the sessions within it the last one stands.
 */
export async function trustRedeemer(
  { status, oidc }: RedeemedContext,
  { clients, accounts, factors, codes }: RedeemerPorts,
): Promise<void> {
  if (oidc?.route !== 'token' || status !== 200) return;
  const { AuthorizationCode: code, AccessToken: token } = oidc.entities;
  const key = token?.jkt ?? token?.['x5t#S256'];
  if (code?.clientId === undefined || code.accountId === undefined || key === undefined) return;
  const client = await clients.show(code.clientId);
  const account = await accounts.show(code.accountId);
  if (client?.flows.includes('embedded') !== true || account === undefined) return;
  // Whoever was signed out everywhere meanwhile has not signed in since.
  if (!isSignedIn(account, code.authTime)) return;
  const before = await factors.trust({ client: client.id, key }, account, {
    grant: code.rar === undefined ? (code.grantId ?? null) : null,
    session: (await codes.isGiven(code.jti)) ? (code.sessionUid ?? null) : null,
  });
  if (before !== null) await (await oidc.provider.Session.findByUid(before))?.destroy();
}
