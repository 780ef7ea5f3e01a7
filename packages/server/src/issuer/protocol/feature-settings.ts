import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { DetailTypes } from '../details/index.ts';
import { authorizationDetails, type DetailPorts } from './authorization-details.ts';
import { clientCertificates } from './client-certificates.ts';
import { PROFILE_MEMBER } from './client-metadata.ts';
import { type DecoupledPorts, decoupledSettings } from './decoupled.ts';
import { deviceSettings } from './device.ts';
import { PERSONAL_CLAIMS } from './personal-claims.ts';
import { defaultResource, infoFor, type ProtocolContext, type ResourcePorts } from './resources.ts';
import { signOutSettings } from './sign-out.ts';

export interface FeaturePorts extends ResourcePorts, DetailPorts, DecoupledPorts {
  readonly details: DetailTypes;
  readonly snapshot: IssuerSnapshot;
  /** Of the key ring, 32 bytes: nonces of proofs. RFC 9449 §8. */
  readonly nonceSecret: Buffer;
  /** Whether clients register themselves. */
  readonly registrations: { settings(): object };
}

interface KnownClient {
  readonly clientId: string;
  readonly [PROFILE_MEMBER]: string;
}

/** What the protocol library offers beyond the code flow, one by one. What stands nowhere here is off. */
export function featureSettings(ports: FeaturePorts): object {
  const { snapshot } = ports;
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: true },
    clientCredentials: { enabled: true },
    ...ports.registrations.settings(),
    claimsParameter: { enabled: true, assertClaimsParameter: leaveOutOthers },
    // Of its own tokens, and of no others: whoever has one is told nothing by asking.
    introspection: { enabled: true, allowedPolicy: isOwnToken },
    jwtIntrospection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: isOwnToken },
    pushedAuthorizationRequests: { enabled: true },
    requestObjects: { enabled: true },
    jwtResponseModes: { enabled: true },
    // FAPI 2.0 Security Profile §5.3.2: what the library checks of it, for the clients that are bound by it.
    fapi: {
      enabled: true,
      profile: (_: unknown, client?: KnownClient) =>
        client?.[PROFILE_MEMBER] === 'fapi2' ? '2.0' : undefined,
    },
    rpInitiatedLogout: { enabled: true, ...signOutSettings(snapshot) },
    backchannelLogout: { enabled: true },
    ciba: { enabled: true, ...decoupledSettings(ports) },
    deviceFlow: { enabled: true, ...deviceSettings(snapshot) },
    richAuthorizationRequests: authorizationDetails(ports),
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx: ProtocolContext, _: unknown, oneOf?: readonly string[]) =>
        defaultResource(snapshot, ctx, oneOf),
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx: ProtocolContext, resource: string) =>
        infoFor(ports, ctx, resource),
    },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      ...clientCertificates,
    },
    dPoP: {
      enabled: true,
      nonceSecret: ports.nonceSecret,
      requireNonce: () => snapshot.tokens.requireProofNonce,
    },
  };
}

function isOwnToken(
  _: unknown,
  client: { readonly clientId: string },
  token: { readonly clientId: string },
): boolean {
  return client.clientId === token.clientId;
}

interface ClaimsContext {
  readonly oidc: { readonly params: Record<string, unknown> };
}

/**
 * OpenID Connect Core §5.5: by name may be asked for what could be asked for by a scope, and how somebody signed in. What
 * the client may not have is left out, also where it is essential (§5.5.1): the person is not asked for it.
 */
function leaveOutOthers(
  { oidc }: ClaimsContext,
  claims: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>,
  client: { readonly scope?: string },
): void {
  const scopes = new Set((client.scope ?? '').split(' '));
  const may = (claim: string) => {
    const scope = PERSONAL_CLAIMS[claim];
    return scope === undefined || scopes.has(scope);
  };
  const kept = Object.entries(claims).map(([place, asked]) => [
    place,
    Object.fromEntries(Object.entries(asked ?? {}).filter(([claim]) => may(claim))),
  ]);
  oidc.params['claims'] = JSON.stringify(Object.fromEntries(kept));
}
