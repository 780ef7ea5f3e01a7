import type { Configuration } from './schema.ts';

/** Whose tokens are believed, by `iss`: our own authorization server before others. */
export function believedIssuers({
  issuer,
  trust,
}: Pick<Configuration, 'issuer' | 'trust'>): string[] {
  const others = trust.issuers.map((one) => one.issuer);
  return issuer === undefined ? others : [issuer.origin, ...others];
}
