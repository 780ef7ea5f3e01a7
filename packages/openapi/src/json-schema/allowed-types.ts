import { ExactNumber, type JsonValue } from '../json/index.ts';
import { type Shape, TYPE_BITS, withIntegers } from './shape.ts';
import type { World } from './world.ts';

const ANY = 127;
const allowed = new WeakMap<Shape, number>();

/** Whether a value of this kind can be valid at all, whatever is in it. */
export function allowsKind(world: World, shape: Shape, value: JsonValue): boolean {
  return (allowedTypes(world, shape) & kindOf(value)) !== 0;
}

function allowedTypes(world: World, shape: Shape): number {
  const known = allowed.get(shape);
  if (known !== undefined) return known;
  // What leads back to itself adds nothing.
  allowed.set(shape, ANY);
  let bits = shape.never ? 0 : ANY;
  const { types, refs = [], allOf = [] } = shape;
  if (types !== undefined) bits &= withIntegers(types);
  for (const part of [...refs.map((unit) => world.shape(unit)), ...allOf]) {
    bits &= allowedTypes(world, part);
  }
  for (const branches of [shape.anyOf, shape.oneOf]) {
    if (branches === undefined) continue;
    let some = 0;
    for (const branch of branches) some |= allowedTypes(world, branch);
    bits &= some;
  }
  allowed.set(shape, bits);
  return bits;
}

function kindOf(value: JsonValue): number {
  const name =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : value instanceof ExactNumber
          ? 'number'
          : typeof value;
  return withIntegers(TYPE_BITS[name] as number);
}
