import type { KeyGrants, OperationRights } from '../access/keys/key-routes.ts';
import { closestName } from '../configuration/closest-name.ts';

/**
 * Scopes that no loaded description asks for, with the nearest one that is: such a key is refused
 * wherever the scope was meant for. Roles may be meant for the service behind the gate, so that only
 * one that looks like a known role is told.
 */
export function unknownGrants(
  { scopes, roles }: KeyGrants,
  operations: Iterable<OperationRights>,
): readonly string[] {
  const known = { scopes: new Set<string>(), roles: new Set<string>() };
  for (const rights of operations) {
    for (const scope of rights.scopes) known.scopes.add(scope);
    for (const role of rights.roles) known.roles.add(role);
  }
  const warnings: string[] = [];
  for (const scope of scopes) {
    if (known.scopes.has(scope)) continue;
    const nearest = closestName(scope, [...known.scopes]);
    const hint = nearest === null ? '' : `; did you mean '${nearest}'?`;
    warnings.push(`no loaded description asks for the scope '${scope}'${hint}`);
  }
  for (const role of roles) {
    // A scheme that carries no scopes may ask for a role by the same word.
    if (known.roles.has(role) || known.scopes.has(role)) continue;
    const nearest = closestName(role, [...known.roles, ...known.scopes]);
    if (nearest !== null) {
      warnings.push(
        `no loaded description asks for the role '${role}'; did you mean '${nearest}'?`,
      );
    }
  }
  return warnings;
}
