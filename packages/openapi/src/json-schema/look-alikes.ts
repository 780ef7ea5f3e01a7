import { ExactNumber, type JsonValue } from '../json/index.ts';
import { likeness } from '../likeness.ts';
import { pointerOf } from './interpret.ts';
import type { Shape, UnitIndex } from './shape.ts';
import type { LookAlike } from './types.ts';
import { plainOf } from './undocumented.ts';
import { listedProperties, walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/**
 * Members that no schema of their object lists, and whose name differs from a listed one in case or
 * form of letters alone: many services bind `Amount` to `amount`, and the last one counts, so that a
 * value which nobody checked would be taken for the checked one.
 */
export function findLookAlikes(world: World, unit: UnitIndex, value: JsonValue): LookAlike[] {
  const root = world.shape(unit);
  if (isSurelySpelled(world, root, value)) return [];
  const found: LookAlike[] = [];
  walkMembers(world, new Set([root]), value, (_, inForce, at) => {
    const name = String(at.step);
    const shapes = [...inForce];
    if (shapes.some((shape) => listedProperties(shape).has(name))) return true;
    const alike = likeness(name);
    for (const shape of shapes) {
      const listed = likenessesOf(shape).get(alike);
      if (listed === undefined) continue;
      found.push({ pointer: pointerOf(at), listed });
      return false;
    }
    return true;
  });
  return found;
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
    if (property === undefined && plain.properties.size > 0) {
      if (likenessesOf(plain.shape).has(likeness(name))) return false;
    }
    const described = property ?? plain.additional;
    if (described !== undefined && !isSurelySpelled(world, described, value[name]!)) return false;
  }
  return true;
}

const known = new WeakMap<Shape, ReadonlyMap<string, string>>();

function likenessesOf(shape: Shape): ReadonlyMap<string, string> {
  let names = known.get(shape);
  if (names === undefined) {
    names = new Map([...listedProperties(shape).keys()].map((name) => [likeness(name), name]));
    known.set(shape, names);
  }
  return names;
}
