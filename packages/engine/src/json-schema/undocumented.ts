import { ExactNumber, type JsonValue } from '../json/index.ts';
import { interpret, type Path, pointerOf } from './interpret.ts';
import type { Shape, UnitIndex } from './shape.ts';
import { isObject, type JsonObject, memberOf } from './values.ts';
import type { World } from './world.ts';

/**
 * Members no applicable schema documents, so that an answer can be cut down to what was promised.
 * All schemas that apply to one place are looked at together: what any of them lists is documented.
 */
export function findUndocumented(world: World, unit: UnitIndex, value: JsonValue): string[] {
  const root = world.shape(unit);
  if (isSurelyDocumented(world, root, value)) return [];
  const pointers: string[] = [];
  visit(world, new Set([root]), value, null, pointers);
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
  } else if (isObject(value)) visitMembers(world, shapes, value, path, pointers);
}

function visitMembers(
  world: World,
  shapes: ReadonlySet<Shape>,
  value: JsonObject,
  path: Path | null,
  pointers: string[],
): void {
  let lists = false;
  for (const shape of shapes) if ((shape.properties ?? []).length > 0) lists = true;
  for (const name of Object.keys(value)) {
    const schemas = memberShapes(world, shapes, name);
    if (schemas === undefined) {
      if (lists) pointers.push(pointerOf({ parent: path, step: name }));
    } else visit(world, schemas, value[name]!, { parent: path, step: name }, pointers);
  }
}

/** The schemas that document a member; undefined where none does. */
export function memberShapes(
  world: World,
  shapes: ReadonlySet<Shape>,
  name: string,
): Set<Shape> | undefined {
  const found = new Set<Shape>();
  for (const shape of shapes) {
    let isCovered = false;
    const property = listedProperties(shape).get(name);
    if (property !== undefined) {
      isCovered = true;
      found.add(property);
    }
    for (const [pattern, patterned] of shape.patternProperties ?? []) {
      if (!world.pattern(pattern).test(name)) continue;
      isCovered = true;
      found.add(patterned);
    }
    const { additionalProperties } = shape;
    if (!isCovered && additionalProperties !== undefined) found.add(additionalProperties);
  }
  if (found.size === 0) {
    for (const { unevaluatedProperties } of shapes) {
      if (unevaluatedProperties !== undefined) found.add(unevaluatedProperties);
    }
  }
  // A schema that allows nothing documents nothing.
  for (const shape of found) if (shape.never) found.delete(shape);
  return found.size === 0 ? undefined : found;
}

const listed = new WeakMap<Shape, Map<string, Shape>>();

function listedProperties(shape: Shape): Map<string, Shape> {
  let properties = listed.get(shape);
  if (properties === undefined) {
    properties = new Map((shape.properties ?? []).map(([name, property]) => [name, property]));
    listed.set(shape, properties);
  }
  return properties;
}

export function itemShapes(
  world: World,
  shapes: ReadonlySet<Shape>,
  item: JsonValue,
  index: number,
): Set<Shape> {
  const found = new Set<Shape>();
  for (const shape of shapes) {
    const schema = shape.prefixItems?.[index] ?? shape.items ?? shape.unevaluatedItems;
    if (schema !== undefined) found.add(schema);
    const contained = shape.contains?.shape;
    if (contained !== undefined && interpret(world, contained, item)) found.add(contained);
  }
  return found;
}

/** Every schema in force for this value: through references and the branches it satisfies. */
export function applicable(world: World, given: ReadonlySet<Shape>, value: JsonValue): Set<Shape> {
  const found = new Set<Shape>();
  const waiting = [...given];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (found.has(shape)) continue;
    found.add(shape);
    for (const unit of shape.refs ?? []) waiting.push(world.shape(unit));
    waiting.push(...(shape.allOf ?? []));
    for (const branches of [shape.anyOf, shape.oneOf]) {
      if (branches === undefined) continue;
      const valid = branches.filter((branch) => interpret(world, branch, value));
      // An answer that breaks its schema must still be cut down: any branch may have been meant.
      waiting.push(...(valid.length > 0 ? valid : branches));
    }
    if (shape.if !== undefined) {
      const isMet = interpret(world, shape.if, value);
      if (isMet) waiting.push(shape.if);
      const branch = isMet ? shape.then : shape.else;
      if (branch !== undefined) waiting.push(branch);
    }
    if (isObject(value)) addByMembers(world, shape, value, waiting);
  }
  return found;
}

function addByMembers(world: World, shape: Shape, value: JsonObject, waiting: Shape[]): void {
  for (const [name, part] of shape.dependentSchemas ?? []) {
    if (Object.hasOwn(value, name)) waiting.push(part);
  }
  if (shape.discriminator === undefined) return;
  const name = memberOf(value, shape.discriminator.property);
  const target = shape.discriminator.targets.find(([known]) => known === name)?.[1];
  if (target != null) waiting.push(world.shape(target));
}

/**
 * The quick answer for most answers: true when plain properties and items document all of it.
 * False only means that the long way must tell.
 */
function isSurelyDocumented(world: World, shape: Shape, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return true;
  const plain = plainOf(world, shape);
  if (plain === null) return false;
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
  readonly properties: ReadonlyMap<string, Shape>;
  readonly additional: Shape | undefined;
  readonly items: Shape | undefined;
}

const plainShapes = new WeakMap<Shape, PlainShape | null>();
/** References followed in a row; what goes deeper, or in a circle, takes the long way. */
const REFERENCES_MAX = 16;

function plainOf(world: World, shape: Shape): PlainShape | null {
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
      shape.if ??
      shape.dependentSchemas ??
      shape.discriminator ??
      shape.patternProperties ??
      shape.unevaluatedProperties ??
      shape.unevaluatedItems ??
      shape.contains ??
      shape.prefixItems;
    if (isBranched !== undefined || shape.never) return null;
    const { refs = [], properties, additionalProperties, items } = shape;
    if (refs.length === 0) {
      return { properties: listedProperties(shape), additional: additionalProperties, items };
    }
    const isBare =
      properties === undefined && additionalProperties === undefined && items === undefined;
    if (refs.length > 1 || !isBare || followed === REFERENCES_MAX) return null;
    shape = world.shape(refs[0]!);
  }
}
