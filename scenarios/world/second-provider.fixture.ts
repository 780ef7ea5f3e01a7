import { exportJWK, generateKeyPair } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';
import type { Lifetime } from './poorter.fixture.ts';
import { startStreamingService } from './service.fixture.ts';

export interface SecondProvider {
  readonly url: string;
  /** From now on there is a provider: for a client at this origin. */
  serve(origin: string): Promise<void>;
}

/** Names of everybody who signs in there. */
export const THERE = { subject: 'an-there', name: 'An Peeters' };

/**
 * An OpenID provider that others wrote, at which one person signs in without being asked. Its clients sign with a key of
 * their own, and push what they ask.
 */
export async function startSecondProvider(t: Lifetime, id: string): Promise<SecondProvider> {
  let provider: Provider | undefined;
  const service = await startStreamingService(t, (request, response) => {
    if (provider === undefined || !request.url?.startsWith('/interaction/')) {
      return void (provider?.callback() ?? (() => response.writeHead(503).end()))(
        request,
        response,
      );
    }
    const login = { accountId: THERE.subject, acr: 'strong', amr: ['hwk'] };
    provider.interactionFinished(request, response, { login }).catch(() => response.destroy());
  });
  const { url } = service;
  const serve = async (origin: string) => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), kid: 'there', alg: 'ES256', use: 'sig' };
    provider = new Provider(url, settings(origin, id, jwk as never));
  };
  return { url, serve };
}

function settings(origin: string, id: string, jwk: never): Configuration {
  const at = `${origin}/federation/${id}`;
  return {
    clients: [
      {
        ...{ client_id: 'poorter', redirect_uris: [`${at}/callback`] },
        ...{ token_endpoint_auth_method: 'private_key_jwt', response_types: ['code'] },
        ...{ token_endpoint_auth_signing_alg: 'ES256', jwks_uri: `${origin}/federation/jwks` },
        ...{ id_token_signed_response_alg: 'ES256', require_pushed_authorization_requests: true },
        ...{ backchannel_logout_uri: `${at}/logout`, backchannel_logout_session_required: true },
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['a key of its own'] },
    acrValues: ['strong'],
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // By itself it calls no address of this machine.
    fetch: (address, options) => fetch(address, { ...options, dispatcher: undefined } as never),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub', 'acr'], profile: ['name'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: THERE.name }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        ...{ clientId: String(oidc.client?.clientId), accountId: String(oidc.session?.accountId) },
      });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  };
}
