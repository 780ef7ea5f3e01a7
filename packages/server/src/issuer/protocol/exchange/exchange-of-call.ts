import type { Detail } from '../../details/index.ts';
import type { Actor } from './exchange-rules.ts';

/** What is passed on of one token to another. */
export interface Exchange {
  /** Whom it is about, as the new client calls them. */
  readonly sub: string;
  /** Seconds since the epoch: the new token ends no later. */
  readonly exp: number;
  readonly details: readonly Detail[];
  readonly claims: {
    readonly grant_id: string | undefined;
    readonly acr: unknown;
    readonly auth_time: unknown;
    readonly act: Actor | undefined;
  };
}

const exchanges = new WeakMap<object, Exchange>();

/** Of this call; undefined: it is none. */
export function exchangeOf(ctx: object): Exchange | undefined {
  return exchanges.get(ctx);
}

/** Before the library gives the token. */
export function keepExchange(ctx: object, exchange: Exchange): void {
  exchanges.set(ctx, exchange);
}

/** Says of a token that comes of an exchange whom it is about, and lets it end with the one before. */
export function nameExchanged(
  ctx: object,
  _: object,
  { payload }: { readonly payload: Record<string, unknown> },
): void {
  const exchanged = exchangeOf(ctx);
  if (exchanged === undefined) return;
  payload['sub'] = exchanged.sub;
  payload['exp'] = Math.min(Number(payload['exp']), exchanged.exp);
}
