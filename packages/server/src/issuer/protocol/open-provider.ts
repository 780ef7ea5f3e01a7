import { extendSessions } from '../account/browser-sessions.ts';
import { NotEverywhereYet } from '../not-everywhere-yet.ts';
import type { Registrations } from '../registration/registrations.ts';
import { type AnswerContext, amendAnswer } from './amend-answer.ts';
import { GATE_MEMBER, GRANTS_MEMBER } from './client-metadata.ts';
import { keepTypedCode } from './device.ts';
import { ExchangingProvider } from './exchange/exchanging-provider.ts';
import { offerExchange } from './exchange/token-exchange.ts';
import { catchFaults } from './faults.ts';
import { nameChallenged } from './flows.ts';
import { Provider } from './library.ts';
import { refuseInOfferedModes } from './modes.ts';
import { originOfCall } from './origins.ts';
import { type ProviderPorts, providerSettings } from './provider-settings.ts';
import { Refusals } from './refusals.ts';

interface KnownClient {
  readonly [GRANTS_MEMBER]?: readonly string[];
  readonly [GATE_MEMBER]?: boolean;
}

/** A proof and an assertion are remembered for as long as they could be shown. */
const REPLAY_KIND = 'assertion or proof';
/** The library takes a proof that is so far ahead, and would forget it from now on. RFC 9449 §11.1. */
const REPLAY_MS = 300_000;

/**
 * The protocol, over our stores. A new one is opened whenever keys or the snapshot change; what was given by
 * the one before is known to it.
 */
export function openProvider(ports: ProviderPorts): Provider {
  const { clients, singleUse, snapshot } = ports;
  const provider = new ExchangingProvider(snapshot.origin, providerSettings(ports));
  provider.proxy = false;
  offerExchange(provider, ports);
  extendSessions(provider, ports.now, async (ended) => {
    await ports.endGateSessions(ended).catch((error: unknown) => {
      if (!(error instanceof NotEverywhereYet)) throw error;
      ports.onLate(error);
    });
  });
  // The library looks, and then writes: of a hundred at once all would be the first.
  Object.defineProperty(provider.ReplayDetection, 'unique', {
    value: (issuer: string, id: string, exp: number) =>
      singleUse.claim(REPLAY_KIND, JSON.stringify([issuer, id]), exp * 1000 + REPLAY_MS),
  });
  // Secrets are known by their hashes alone.
  provider.Client.prototype.compareClientSecret = function isSecret(
    this: { readonly clientId: string },
    actual: string,
  ) {
    return clients.isSecret(this.clientId, actual);
  };
  // What is asked for until somebody decides; the library would refuse it to clients whose keys have no address.
  const { grantTypeAllowed } = provider.Client.prototype;
  provider.Client.prototype.grantTypeAllowed = function isAllowed(this: object, type) {
    const known = this as KnownClient;
    // What somebody could redeem themselves would be in their hands, and in those of whatever runs in their page.
    if (known[GATE_MEMBER] === true && Provider.ctx?.oidc?.route === 'token') return false;
    const more = known[GRANTS_MEMBER] ?? [];
    return more.includes(type) || grantTypeAllowed.call(this, type);
  };
  nameChallenged(provider);
  const refusals = new Refusals(provider);
  refuseInOfferedModes(provider);
  catchFaults(provider, ports);
  provider.use(async (ctx, next) => {
    const { protocol, host } = originOfCall(snapshot, ctx.req.headers.host);
    Object.defineProperties(ctx.request, {
      protocol: { value: protocol.slice(0, -1) },
      host: { value: host },
    });
    if (ctx.method === 'GET' && ctx.path === '/device') keepTypedCode(ctx);
    await next();
    await ports.registrations.tell(ctx as object as Parameters<Registrations['tell']>[0]);
    const fault = (error: Error) => void provider.emit('server_error', ctx, error as never);
    const challenged = await ports.challenged(ctx as never).catch((error: Error) => {
      fault(error);
      ctx.status = 500;
      ctx.body = { error: 'server_error' };
      return { error: 'server_error' as const };
    });
    // The tokens are given: it is one sign-in more on our page.
    await ports.redeemed(ctx as never).catch(fault);
    const refusal = await amendAnswer(ctx as object as AnswerContext, ports);
    const { client, account, route } = ctx.oidc ?? {};
    if (route === 'token' && ctx.status === 200 && client !== undefined) {
      await ports.registrations.wasUsed(client.clientId);
    }
    ports.told(ctx.req, {
      client: client?.clientId ?? null,
      subject: account?.accountId ?? null,
      error: null,
      ...refusals.of(ctx.req),
      ...(refusal !== null && { error: refusal }),
      ...challenged,
    });
  });
  return provider;
}
