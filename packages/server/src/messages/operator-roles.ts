/** What operators may do, by the contract of the admin API. */
export const OPERATOR_ROLES = [
  'owner',
  'operator',
  'security-officer',
  'auditor',
  'developer',
] as const;

export type OperatorRole = (typeof OPERATOR_ROLES)[number];

const PREFIX = 'poorter:';

/** As they are given to people: by a group of a directory, or by a claim of a provider. */
export const OPERATOR_ROLE_NAMES: readonly string[] = OPERATOR_ROLES.map((role) => PREFIX + role);

/** Of what somebody has, what they may do as an operator. */
export function operatorRolesIn(held: ReadonlySet<string>): OperatorRole[] {
  return OPERATOR_ROLES.filter((role) => held.has(PREFIX + role));
}
