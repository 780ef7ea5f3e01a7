import type { JsonValue } from '../json/index.ts';
import type { UnitIndex } from './shape.ts';
import { plainOf } from './undocumented.ts';
import { listedProperties, walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/** Whether any schema in force for this object lists a member by exactly this name. */
export function isListed(world: World, unit: UnitIndex, value: JsonValue, name: string): boolean {
  const root = world.shape(unit);
  const plain = plainOf(world, root);
  if (plain !== null) return plain.properties.has(name);
  let found = false;
  walkMembers(world, new Set([root]), value, (_, inForce, at) => {
    if (at.step === name) {
      for (const shape of inForce) found ||= listedProperties(shape).has(name);
    }
    return false;
  });
  return found;
}
