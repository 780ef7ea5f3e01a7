import type { JsonValue } from '../json/index.ts';
import { pointerOf } from './findings.ts';
import type { UnitIndex } from './shape.ts';
import { walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/**
 * Members of a valid value that this direction passes over, so that they can be cut out before the
 * value goes on. What any schema in force keeps out is kept out.
 */
export function findIgnored(world: World, unit: UnitIndex, value: JsonValue): string[] {
  const pointers: string[] = [];
  walkMembers(world, new Set([world.shape(unit)]), value, (documenting, _, at) => {
    if (documenting === undefined) return false;
    for (const { ignored } of documenting) {
      if (!ignored) continue;
      pointers.push(pointerOf(at));
      return false;
    }
    return true;
  });
  return pointers;
}
