import { ExactNumber, type JsonValue } from '../json/index.ts';
import { pointerOf } from './findings.ts';
import { forbiddenIn, knownNames, listedAround, listedLike } from './known-names.ts';
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
 * taken for the checked one. So are those whose name is a path into a named one, or says a part of it.
 */
export function findLookAlikes(world: World, unit: UnitIndex, value: JsonValue): LookAlike[] {
  const root = world.shape(unit);
  if (isSurelySpelled(world, root, value)) return [];
  const found: LookAlike[] = [];
  walkMembers(world, new Set([root]), value, (_, inForce, at) => {
    const name = String(at.step);
    const shapes = [...inForce];
    if (shapes.some((shape) => listedProperties(shape).has(name))) return true;
    if (shapes.some((shape) => knownNames(world, shape).has(name))) return true;
    const listed = shapes
      .map((shape) => takenFor(world, shape, name, shapes))
      .find((text) => text !== undefined);
    if (listed === undefined) return true;
    found.push({ pointer: pointerOf(at), listed });
    return false;
  });
  return found.length > 0 ? found : findRestrainedNames(world, root, value);
}

/** The name, or what names may not have, that some service takes this one for, or reads in it. */
function takenFor(
  world: World,
  shape: Shape,
  name: string,
  inForce: readonly Shape[],
): string | undefined {
  const { byLikeness } = knownNames(world, shape);
  const like = listedLike(byLikeness, name) ?? forbiddenIn(world, shape, name);
  if (like !== undefined) return like;
  const around = listedAround(byLikeness, name);
  if (around === undefined) return undefined;
  // `^name[.]` describes such names.
  const patterns = inForce.flatMap(({ patternProperties = [] }) => patternProperties);
  const isDescribed = patterns
    .map(([pattern]) => world.pattern(pattern))
    .some((pattern) => pattern.test(name) && !pattern.test(around));
  return isDescribed ? undefined : around;
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
    // Asked of all that stands beside a reference, too.
    if (property === undefined && takenFor(world, shape, name, []) !== undefined) return false;
    const described = property ?? plain.additional;
    if (described !== undefined && !isSurelySpelled(world, described, value[name]!)) return false;
  }
  return true;
}
