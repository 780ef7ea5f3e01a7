import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { DetailTypes } from '../details/index.ts';
import { authorizationDetails, type DetailPorts } from './authorization-details.ts';
import { clientCertificates } from './client-certificates.ts';
import { PROFILE_MEMBER } from './client-metadata.ts';
import { type DecoupledPorts, decoupledSettings } from './decoupled.ts';
import { deviceSettings } from './device.ts';
import { errors } from './library.ts';
import { PERSONAL_CLAIMS } from './personal-claims.ts';
import { defaultResource, infoFor, type ProtocolContext, type ResourcePorts } from './resources.ts';
import { signOutSettings } from './sign-out.ts';

export interface FeaturePorts extends ResourcePorts, DetailPorts, DecoupledPorts {
  readonly details: DetailTypes;
  readonly snapshot: IssuerSnapshot;
  /** Of the key ring, 32 bytes: nonces of proofs. RFC 9449 §8. */
  readonly nonceSecret: Buffer;
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
    claimsParameter: { enabled: true, assertClaimsParameter: refuseOtherClaims },
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

/** OpenID Connect Core §5.5: by name may be asked for what could be asked for by a scope, and how somebody signed in. */
function refuseOtherClaims(
  _: unknown,
  claims: { readonly userinfo?: object; readonly id_token?: object },
  client: { readonly scope?: string },
): void {
  const scopes = new Set((client.scope ?? '').split(' '));
  const asked = [claims.userinfo, claims.id_token].flatMap((part) => Object.keys(part ?? {}));
  for (const claim of asked) {
    const scope = PERSONAL_CLAIMS[claim];
    if (scope !== undefined && !scopes.has(scope)) {
      throw new errors.InvalidRequest(`this client may not ask for the claim ${claim}`);
    }
  }
}
