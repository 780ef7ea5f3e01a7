import { isDeepStrictEqual } from 'node:util';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { Detail, DetailTypes } from '../details/index.ts';
import { APPROVAL_LIFE_MS } from '../details/index.ts';
import { exchangeOf } from './exchange/exchange-of-call.ts';
import { errors } from './library.ts';

export interface DetailPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'resources'>;
  readonly details: DetailTypes;
  readonly now: () => number;
}

interface DetailContext {
  readonly oidc: {
    readonly route?: string;
    readonly params: Record<string, unknown>;
    readonly grant?: { readonly rar?: readonly Detail[] };
  };
}

interface GivenToken {
  readonly aud?: unknown;
}

/** Rich Authorization Requests, RFC 9396: what is asked for in detail is what people see, and what tokens say. */
export function authorizationDetails(ports: DetailPorts) {
  const { details } = ports;
  return {
    enabled: true,
    types: Object.fromEntries(
      details.names.map((type) => [type, { validate: (ctx: DetailContext) => judge(ctx, ports) }]),
    ),
    // A yes that was said to something else gives nothing here.
    authorizationDetailsForGrantSource: ({ oidc }: DetailContext) =>
      oidc.params['authorization_details'] === undefined ? undefined : oidc.grant?.rar,
    authorizationDetailsForAccessToken: (
      ctx: DetailContext,
      token: GivenToken,
      source: { readonly rar?: readonly Detail[] } | undefined,
    ) => givenTo(ctx, token, source?.rar ?? exchangeOf(ctx)?.details ?? [], ports),
    authorizationDetailsForIntrospection: (
      _: unknown,
      token: { readonly rar?: readonly Detail[] },
    ) => token.rar,
  };
}

/** Throws InvalidAuthorizationDetails. The library reads the text natively, each time anew: from here on it means one thing. */
function judge({ oidc }: DetailContext, { details, snapshot }: DetailPorts): void {
  const asked = details.read(String(oidc.params['authorization_details']));
  if (typeof asked === 'string') throw new errors.InvalidAuthorizationDetails(asked);
  const known = new Set(snapshot.resources.map(({ identifier }) => identifier));
  for (const { locations = [] } of asked) {
    if (!locations.every((one) => known.has(one))) {
      throw new errors.InvalidAuthorizationDetails('locations name an API that is not here');
    }
  }
  oidc.params['authorization_details'] = JSON.stringify(asked);
}

/** At most what somebody said yes to, for this API, and as long as it counts. RFC 9396 §6. */
function givenTo(
  { oidc }: DetailContext,
  { aud }: GivenToken,
  granted: readonly Detail[],
  { details, now }: DetailPorts,
): readonly Detail[] | undefined {
  const text = oidc.params['authorization_details'];
  const asked = text === undefined ? undefined : details.read(String(text));
  if (typeof asked === 'string') throw new errors.InvalidAuthorizationDetails(asked);
  const chosen = asked === undefined ? granted : chosenOf(granted, asked);
  return detailsFor(String(aud), chosen, now());
}

/** Of what somebody said yes to: for this API, and as long as it counts. */
export function detailsFor(
  audience: string,
  granted: readonly Detail[],
  nowMs: number,
): readonly Detail[] {
  return granted.filter(({ locations, approval }) => {
    const isHere = locations === undefined || locations.includes(audience);
    return isHere && (approval === undefined || !isOver(approval, nowMs));
  });
}

function chosenOf(granted: readonly Detail[], asked: readonly Detail[]): Detail[] {
  return asked.map((one) => {
    const same = granted.find(({ approval: _, ...detail }) => isDeepStrictEqual(detail, one));
    if (same === undefined) {
      throw new errors.InvalidAuthorizationDetails('nobody said yes to these details');
    }
    return same;
  });
}

function isOver(approval: unknown, nowMs: number): boolean {
  const { at } = approval as { readonly at: number };
  return !(nowMs < at * 1000 + APPROVAL_LIFE_MS);
}
