import { ExactNumber, type JsonValue } from '../json/index.ts';
import { pointerOf } from './findings.ts';
import { knownNames, listedLike } from './known-names.ts';
import { findRestrainedNames } from './restrained-names.ts';
import type { Shape, UnitIndex } from './shape.ts';
import type { LookAlike } from './types.ts';
import { plainOf } from './undocumented.ts';
import { listedProperties, walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/**
 * Members that no schema of their object names, and whose name differs from a named one in case or form
 * of letters, in separators and blanks, or behind an end alone: many services bind `Amount` to `amount` and `type_name` to
 * `typeName`, those in C read up to a NUL, and the last one counts, so that a value which nobody checked would be
 * taken for the checked one.
 */
export function findLookAlikes(world: World, unit: UnitIndex, value: JsonValue): LookAlike[] {
  const root = world.shape(unit);
  if (isSurelySpelled(world, root, value)) return [];
  const found: LookAlike[] = [];
  walkMembers(world, new Set([root]), value, (_, inForce, at) => {
    const name = String(at.step);
    const shapes = [...inForce];
    if (shapes.some((shape) => listedProperties(shape).has(name))) return true;
    const known = shapes.map((shape) => knownNames(world, shape));
    if (known.some(({ exact }) => exact.has(name))) return true;
    for (const { byLikeness } of known) {
      const listed = listedLike(byLikeness, name);
      if (listed === undefined) continue;
      found.push({ pointer: pointerOf(at), listed });
      return false;
    }
    return true;
  });
  return found.length > 0 ? found : findRestrainedNames(world, root, value);
}

/** The quick answer for most bodies. False only means that the long way must tell. */
function isSurelySpelled(world: World, shape: Shape, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return true;
  const plain = plainOf(world, shape);
  if (plain === null) return false;
  if (Array.isArray(value)) {
    if (plain.items === undefined) return true;
    for (const item of value) if (!isSurelySpelled(world, plain.items, item)) return false;
    return true;
  }
  for (const name in value) {
    const property = plain.properties.get(name);
    if (property === undefined) {
      const { byLikeness } = knownNames(world, plain.shape);
      if (listedLike(byLikeness, name) !== undefined) return false;
    }
    const described = property ?? plain.additional;
    if (described !== undefined && !isSurelySpelled(world, described, value[name]!)) return false;
  }
  return true;
}
