import type { FederationProtection } from './protection.ts';
import type { WeakeningKind } from './weakening.ts';

type Told = [kind: WeakeningKind, sentence: string];

/** By whom people are let in: who is new, and of whom more is believed. */
export function compareFederation(
  old: readonly FederationProtection[],
  next: readonly FederationProtection[],
): Told[] {
  return next.flatMap((provider): Told[] => {
    const { issuer } = provider;
    const before = old.find((one) => one.issuer === issuer);
    if (before === undefined) return [['issuer-added', `lets people in by ${issuer}, too.`]];
    const changes = changesOf(before, provider);
    return changes.map((change) => ['issuer-loosened', `believes more of ${issuer}: ${change}.`]);
  });
}

function changesOf(old: FederationProtection, next: FederationProtection): string[] {
  const algorithms = next.algorithms.filter((one) => !old.algorithms.includes(one));
  const levels = Object.keys(next.acr).filter((said) => old.acr[said] !== next.acr[said]);
  return [
    ...(algorithms.length > 0 ? [`tokens signed with ${algorithms.join(', ')}`] : []),
    ...levels.map((said) => `what it calls ${said} is ${next.acr[said]}`),
    ...(makesMore(old.signUp, next.signUp) ? ['whom an account is made for'] : []),
  ];
}

type Rule = FederationProtection['signUp'];

/** One value more, or one claim less that is asked. */
function makesMore(old: Rule, next: Rule): boolean {
  if (next === 'nobody' || old === 'everybody') return false;
  if (typeof old === 'string' || typeof next === 'string') return old !== next;
  return Object.entries(old).some(([claim, values]) => {
    const allowed = next[claim];
    return allowed === undefined || allowed.some((value) => !values.includes(value));
  });
}
