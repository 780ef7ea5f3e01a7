import type { JsonValue } from '../json/index.ts';
import { type Path, pointerOf } from './interpret.ts';
import type { Shape, UnitIndex } from './shape.ts';
import { applicable, itemShapes, memberShapes } from './undocumented.ts';
import { isObject } from './values.ts';
import type { World } from './world.ts';

/**
 * Members of a valid value that this direction passes over, so that they can be cut out before the
 * value goes on. What any schema in force keeps out is kept out.
 */
export function findIgnored(world: World, unit: UnitIndex, value: JsonValue): string[] {
  const pointers: string[] = [];
  visit(world, new Set([world.shape(unit)]), value, null, pointers);
  return pointers;
}

function visit(
  world: World,
  given: ReadonlySet<Shape>,
  value: JsonValue,
  path: Path | null,
  pointers: string[],
): void {
  if (typeof value !== 'object' || value === null) return;
  const shapes = applicable(world, given, value);
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      if (typeof item !== 'object' || item === null) return;
      const schemas = itemShapes(world, shapes, item, i);
      if (schemas.size > 0) visit(world, schemas, item, { parent: path, step: i }, pointers);
    });
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const schemas = memberShapes(world, shapes, name);
      if (schemas === undefined) continue;
      const at = { parent: path, step: name };
      if ([...schemas].some((schema) => schema.ignored)) pointers.push(pointerOf(at));
      else visit(world, schemas, value[name]!, at, pointers);
    }
  }
}
