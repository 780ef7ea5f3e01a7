import { ExactNumber, type JsonValue } from '../json/index.ts';
import { allowsKind } from './allowed-types.ts';
import { type Path, pointerOf } from './findings.ts';
import type { Shape, UnitIndex } from './shape.ts';
import { hasKeptOut, listedProperties, type VisitMember, walkMembers } from './walk-members.ts';
import type { World } from './world.ts';

/**
 * Members no applicable schema documents, so that an answer can be cut down to what was promised.
 * What any of the schemas of one place lists is documented, but for what is only ever sent (writeOnly).
 * A list or object stands where none may: nothing in it is documented. '' is the whole.
 */
export function findUndocumented(world: World, unit: UnitIndex, value: JsonValue): string[] {
  const root = world.shape(unit);
  if (value !== null && !allowsKind(world, root, value)) return [''];
  if (isSurelyDocumented(world, root, value)) return [];
  const pointers: string[] = [];
  const tell = (at: Path | null) => void pointers.push(pointerOf(at));
  const visit: VisitMember = (documenting, inForce, at) => {
    const isKeptOut = documenting?.size === 0;
    if (documenting !== undefined && !isKeptOut) return true;
    if (isKeptOut || listsMembers(inForce)) tell(at);
    return false;
  };
  walkMembers(world, new Set([root]), value, visit, null, tell);
  return pointers;
}

function listsMembers(shapes: ReadonlySet<Shape>): boolean {
  for (const { properties } of shapes) if ((properties ?? []).length > 0) return true;
  return false;
}

/**
 * The quick answer for most answers: true when plain properties and items document all of it.
 * False only means that the long way must tell.
 */
function isSurelyDocumented(world: World, shape: Shape, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return true;
  const plain = plainOf(world, shape);
  if (plain === null || !allowsKind(world, shape, value)) return false;
  if (Array.isArray(value)) {
    if (plain.items === undefined) return true;
    for (const item of value) if (!isSurelyDocumented(world, plain.items, item)) return false;
    return true;
  }
  for (const name in value) {
    const property = plain.properties.get(name) ?? plain.additional;
    if (property === undefined) {
      if (plain.properties.size > 0) return false;
    } else if (property.never || !isSurelyDocumented(world, property, value[name]!)) return false;
  }
  return true;
}

/** A shape of which nothing but properties, items and additionalProperties bears on documentation. */
interface PlainShape {
  /** Where references led. */
  readonly shape: Shape;
  readonly properties: ReadonlyMap<string, Shape>;
  readonly additional: Shape | undefined;
  readonly items: Shape | undefined;
}

const plainShapes = new WeakMap<Shape, PlainShape | null>();
/** References followed in a row; what goes deeper, or in a circle, takes the long way. */
const REFERENCES_MAX = 16;

export function plainOf(world: World, shape: Shape): PlainShape | null {
  let plain = plainShapes.get(shape);
  if (plain === undefined) {
    plain = readPlain(world, shape);
    plainShapes.set(shape, plain);
  }
  return plain;
}

function readPlain(world: World, start: Shape): PlainShape | null {
  let shape = start;
  for (let followed = 0; ; followed++) {
    const isBranched =
      shape.allOf ??
      shape.anyOf ??
      shape.oneOf ??
      shape.not ??
      shape.if ??
      shape.dependentSchemas ??
      shape.discriminator ??
      shape.patternProperties ??
      shape.unevaluatedProperties ??
      shape.unevaluatedItems ??
      shape.contains ??
      shape.prefixItems;
    if (isBranched !== undefined || shape.never || hasKeptOut(shape)) return null;
    const { refs = [], properties: own, additionalProperties, items } = shape;
    if (refs.length === 0) {
      const properties = listedProperties(shape);
      return { shape, properties, additional: additionalProperties, items };
    }
    const isBare = own === undefined && additionalProperties === undefined && items === undefined;
    if (refs.length > 1 || !isBare || followed === REFERENCES_MAX) return null;
    shape = world.shape(refs[0]!);
  }
}
