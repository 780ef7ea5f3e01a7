import { rememberBrowsers } from '../account/browser-sessions.ts';
import { Provider } from './library.ts';
import { originOfCall } from './origins.ts';
import { type ProviderPorts, providerSettings } from './provider-settings.ts';

/** A proof and an assertion are remembered for as long as they could be shown. */
const REPLAY_KIND = 'assertion or proof';

/**
 * The protocol, over our stores. A new one is opened whenever keys or the snapshot change; what was given by
 * the one before is known to it.
 */
export function openProvider(ports: ProviderPorts): Provider {
  const { clients, singleUse, snapshot } = ports;
  const provider = new Provider(snapshot.origin, providerSettings(ports));
  provider.proxy = false;
  rememberBrowsers(provider);
  // The library looks, and then writes: of a hundred at once all would be the first.
  Object.defineProperty(provider.ReplayDetection, 'unique', {
    value: (issuer: string, id: string, exp: number) =>
      singleUse.claim(REPLAY_KIND, JSON.stringify([issuer, id]), exp * 1000),
  });
  // Secrets are known by their hashes alone.
  provider.Client.prototype.compareClientSecret = function isSecret(
    this: { readonly clientId: string },
    actual: string,
  ) {
    return clients.isSecret(this.clientId, actual);
  };
  provider.use(async (ctx, next) => {
    const { protocol, host } = originOfCall(snapshot, ctx.req.headers.host);
    Object.defineProperties(ctx.request, {
      protocol: { value: protocol.slice(0, -1) },
      host: { value: host },
    });
    await next();
    const { client, route, account } = ctx.oidc ?? {};
    if (route === 'jwks') ctx.set('cache-control', 'public, max-age=300');
    const { error } = (ctx.body ?? {}) as { readonly error?: unknown };
    ports.told(ctx.req, {
      client: client?.clientId ?? null,
      subject: account?.accountId ?? null,
      error: typeof error === 'string' ? error : null,
    });
  });
  return provider;
}
