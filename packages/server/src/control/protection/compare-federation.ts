import type { DirectoryProtection, FederationProtection } from './protection.ts';
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
    ...(next.directory !== undefined && next.directory !== old.directory
      ? [`whose account somebody comes into (${next.directory})`]
      : []),
    ...moreRoles(old.roles ?? {}, next.roles ?? {}).map(
      ([by, given]) => `who may do what (${by}: ${given.join(', ')})`,
    ),
  ];
}

/** By whose word somebody has an account, and what they may do with it. */
export function compareDirectories(
  old: readonly DirectoryProtection[],
  next: readonly DirectoryProtection[],
): Told[] {
  return next.flatMap(({ name, roles }): Told[] => {
    const before = old.find((one) => one.name === name);
    if (before === undefined) return [['security-loosened', `lets ${name} make accounts.`]];
    const more = moreRoles(before.roles, roles);
    return more.map(([group, given]) => [
      'security-loosened',
      `gives ${group} of ${name} more than before: ${given.join(', ')}.`,
    ]);
  });
}

type Roles = Readonly<Record<string, readonly string[]>>;

/** By what: those that give more than before. */
function moreRoles(old: Roles, next: Roles) {
  return Object.entries(next).filter(([by, given]) =>
    given.some((role) => old[by]?.includes(role) !== true),
  );
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
