import { type GatewayBook, GatewayConnectedError } from './gateway-book.ts';
import type { GatewayDesk } from './gateway-routes.ts';
import type { MetGateway } from './remote-gateways.ts';
import type { Attention } from './serving.ts';

/** Gateways on other machines, as operators list them and take out those that are gone. */
export function gatewayDesk(book: GatewayBook, met: () => readonly MetGateway[]): GatewayDesk {
  return {
    list: () => {
      const known = new Map(met().map((one) => [one.name, one]));
      return book.gateways.map(({ name, isConnected, confirmed, servesForMs }) => {
        const connected = isConnected ? known.get(name) : undefined;
        return {
          ...{ name, isConnected, live: confirmed },
          servesForSeconds: servesForMs === null ? null : Math.ceil(servesForMs / 1000),
          version: connected?.version ?? null,
          passedOver: connected?.passedOver ?? 0,
        };
      });
    },
    remove: (name) => {
      try {
        return book.remove(name);
      } catch (error) {
        if (error instanceof GatewayConnectedError) return null;
        throw error;
      }
    },
  };
}

/** Those for whom a revocation waits, and those who do not understand all that is said. */
export function gatewayAttention(book: GatewayBook, met: readonly MetGateway[]): Attention[] {
  const away = book.gateways.flatMap(({ name, servesForMs }) => {
    if (servesForMs === null) return [];
    const message = `${name} is cut off and may serve for ${Math.ceil(servesForMs / 1000)} s more; revocations wait for it; if it is gone: poorter gateways remove ${name}`;
    return [{ code: 'gateway_away', message }];
  });
  const other = met
    .filter(({ takesSnapshots }) => !takesSnapshots)
    .map(({ name, version }) => ({
      code: 'gateway_version',
      message: `${name} runs version ${version}: it goes on with the snapshot it has until it is updated`,
    }));
  const strange = met
    .filter(({ strangers }) => strangers.length > 0)
    .map(({ name, strangers }) => ({
      code: 'gateway_too_old',
      message: `${name} does not know ${strangers.join(', ')}, and does not count as having confirmed it; update it`,
    }));
  return [...away, ...other, ...strange];
}
