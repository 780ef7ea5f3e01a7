import type { Allowance } from '../../counters.ts';

/**
 * The RateLimit fields of draft-ietf-httpapi-ratelimit-headers-10: structured-field lists with
 * one item per policy. Names come from configuration, which admits no character to escape.
 */
export function limitFields(policies: string, items: readonly string[]): readonly string[] {
  const fields = ['ratelimit-policy', policies];
  if (items.length > 0) fields.push('ratelimit', items.join(', '));
  return fields;
}

export function policyItem(name: string, allowance: Allowance): string {
  return `"${name}";r=${allowance.remaining};t=${Math.ceil(allowance.resetMs / 1000)}`;
}

/** A refusal shows the policy that refused, and names one moment in both fields. */
export function refusalFields(
  policy: string,
  name: string,
  retryAfterMs: number,
): readonly string[] {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return [
    'ratelimit-policy',
    policy,
    'ratelimit',
    `"${name}";r=0;t=${seconds}`,
    'retry-after',
    String(seconds),
  ];
}
