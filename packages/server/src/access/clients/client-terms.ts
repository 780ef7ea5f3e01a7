import type { JSONWebKeySet } from 'jose';
import type { AskingFlow } from '../../messages/between-issuer.ts';

/** What kind of program a client is: it decides what is asked of it. */
export type ClientProfile = 'browser' | 'native' | 'machine' | 'fapi2';

/**
 * How people say yes. And `exchange`: it may take a token with which it was called for one of its own (RFC 8693).
 */
export type ClientFlow = AskingFlow | 'exchange';

/** How a client shows that it is itself. A private half never comes here. */
export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'secret' }
  /** RFC 7523: what it signs is verified with these. */
  | { readonly method: 'private_key_jwt'; readonly keys: ClientKeys }
  /** RFC 8705 §2.1: a certificate of an authority, by one name in it. */
  | { readonly method: 'certificate'; readonly subject: CertificateSubject }
  /** RFC 8705 §2.2: one of these, by its `x5c`. */
  | { readonly method: 'self_signed_certificate'; readonly keys: ClientKeys };

export type ClientKeys = { readonly jwks: JSONWebKeySet } | { readonly uri: string };

export interface CertificateSubject {
  readonly kind: 'dn' | 'dns' | 'uri' | 'ip' | 'email';
  readonly value: string;
}

/** What a stolen token is worth without: nothing, but for `none`. RFC 9449, RFC 8705 §3. */
export type TokenBinding = 'dpop' | 'certificate' | 'none';

/** What an operator decides about a client. */
export interface ClientTerms {
  /** People see it when they are asked. */
  readonly name: string;
  readonly profile: ClientProfile;
  readonly authentication: ClientAuthentication;
  readonly binding: TokenBinding;
  /** Compared exactly, but for the port of a loopback address (RFC 8252 §7.3). */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Told when somebody signs out (OpenID Connect Back-Channel Logout 1.0); null: nobody is told. */
  readonly logoutNoticeUri: string | null;
  /** Told when somebody has decided on another device (CIBA Core §10.2); null: it asks now and then. */
  readonly decisionNoticeUri: string | null;
  readonly flows: readonly ClientFlow[];
  /** Of the flow session: origin of the page whose calls count; null: that of the gate. */
  readonly page: string | null;
  /** It may ask for these and no others, whoever says yes. */
  readonly scopes: readonly string[];
  /** Kinds of authorization details that it may ask for (RFC 9396). */
  readonly detailTypes: readonly string[];
  /** Requests and answers are signed: FAPI 2.0 Message Signing. */
  readonly messageSigning: boolean;
  /** What tells it who signed in is signed with this. OpenID Connect Core §15.1. */
  readonly idTokenAlgorithm: IdTokenAlgorithm;
  /** Where it is weaker than its profile: each by name, or it is refused. */
  readonly accepts: readonly ClientWeakness[];
}

export type IdTokenAlgorithm = 'ES256' | 'RS256';

export type ClientWeakness = 'shared-secret' | 'unbound-tokens' | 'custom-scheme' | 'no-pkce';

/** Whether somebody who had the terms before could do more with them, or what nobody can compare. */
export function takesAway(before: ClientTerms, after: ClientTerms): boolean {
  const holdsAll = (wider: readonly string[], narrower: readonly string[]) =>
    narrower.every((one) => wider.includes(one));
  const isSame = (member: 'profile' | 'binding' | 'messageSigning' | 'authentication' | 'page') =>
    JSON.stringify(before[member]) === JSON.stringify(after[member]);
  return !(
    holdsAll(after.scopes, before.scopes) &&
    holdsAll(after.detailTypes, before.detailTypes) &&
    holdsAll(after.flows, before.flows) &&
    holdsAll(after.redirectUris, before.redirectUris) &&
    holdsAll(after.postLogoutRedirectUris, before.postLogoutRedirectUris) &&
    holdsAll(after.accepts, before.accepts) &&
    isSame('profile') &&
    isSame('binding') &&
    isSame('messageSigning') &&
    isSame('page') &&
    isSame('authentication')
  );
}
