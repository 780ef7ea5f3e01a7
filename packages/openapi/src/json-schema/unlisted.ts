import type { JsonValue } from '../json/index.ts';
import { pointerOf } from './findings.ts';
import type { UnitIndex } from './shape.ts';
import { listedProperties, walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/** Which of these places are members that no schema in force lists by their names. */
export function findUnlisted(
  world: World,
  unit: UnitIndex,
  value: JsonValue,
  pointers: readonly string[],
): string[] {
  const unlisted = new Set(pointers);
  walkMembers(world, new Set([world.shape(unit)]), value, (_, inForce, at) => {
    for (const shape of inForce) {
      if (listedProperties(shape).has(String(at.step))) unlisted.delete(pointerOf(at));
    }
    return true;
  });
  return [...unlisted];
}
