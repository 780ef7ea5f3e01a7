import type { Leaf } from './leaf.ts';

/** Everything that `decisionOf` says. */
export const DECISIONS = ['forwarded', 'allowed', 'refused', 'failed', 'answered'] as const;

/**
 * How people are told of a decision. To a proxy that asks, the gate says what it may do; whether the
 * call was forwarded, it never learns. Leaves keep `forwarded` for both.
 */
export function decisionOf({ host, decision }: Leaf): string | undefined {
  return host === 'forward-auth' && decision === 'forwarded' ? 'allowed' : decision;
}

/** What the caller was answered; a permission is no answer. */
export function statusOf(leaf: Leaf): number | null | undefined {
  return decisionOf(leaf) === 'allowed' ? null : leaf.status;
}

/** What a caller lacked: all of `missing`, and one of `anyOf`. Empty: nothing is known of it. */
export function missingOf({ evidence }: Leaf): {
  readonly missing: readonly string[];
  readonly anyOf: readonly string[];
} {
  return { missing: textsOf(evidence?.['missing']), anyOf: textsOf(evidence?.['anyOf']) };
}

/** The same as a sentence's end; null where nothing was missing. */
export function missingText(leaf: Leaf): string | null {
  const { missing, anyOf } = missingOf(leaf);
  const parts = [...missing, ...(anyOf.length > 0 ? [`one of ${anyOf.join(', ')}`] : [])];
  return parts.length === 0 ? null : `missing: ${parts.join(', ')}`;
}

/** The kinds of segments of a path that is documented nowhere. */
export function shapeOf({ evidence }: Leaf): string | null {
  const shape = evidence?.['shape'];
  return typeof shape === 'string' ? shape : null;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
