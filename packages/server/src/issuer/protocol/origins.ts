import type { IssuerSnapshot } from '../../messages/between-issuer.ts';

/** Names under which it answers: the one of its tokens first. */
export function originsOf({ origin, mtls }: Pick<IssuerSnapshot, 'origin' | 'mtls'>): string[] {
  return mtls === null ? [origin] : [origin, mtls.origin];
}

/**
 * Of one call: what it was asked under, as callers know it. Neither a proxy in front nor the socket tells the
 * scheme; the configuration does.
 */
export function originOfCall(
  snapshot: Pick<IssuerSnapshot, 'origin' | 'mtls'>,
  host: string | undefined,
): URL {
  const origins = originsOf(snapshot).map((origin) => new URL(origin));
  const [main] = origins as [URL];
  const isSame = (origin: URL) => {
    const asked = `${origin.protocol}//${host ?? ''}`;
    return URL.canParse(asked) && new URL(asked).host === origin.host;
  };
  return origins.find(isSame) ?? main;
}

/** RFC 8705 §5: what a client asks that shows a certificate. */
export function mtlsAliases({
  mtls,
  resources,
}: Pick<IssuerSnapshot, 'mtls' | 'resources'>): object {
  if (mtls === null) return {};
  const at = (path: string) => `${mtls.origin}${path}`;
  return {
    mtls_endpoint_aliases: {
      token_endpoint: at('/token'),
      introspection_endpoint: at('/token/introspection'),
      revocation_endpoint: at('/token/revocation'),
      pushed_authorization_request_endpoint: at('/request'),
      backchannel_authentication_endpoint: at('/backchannel'),
      device_authorization_endpoint: at('/device/auth'),
      userinfo_endpoint: at('/me'),
      ...(resources.some(({ flows }) => flows.includes('embedded')) && {
        authorization_challenge_endpoint: at('/authorize-challenge'),
      }),
    },
  };
}
