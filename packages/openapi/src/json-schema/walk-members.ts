import type { JsonValue } from '../json/index.ts';
import { allowsKind } from './allowed-types.ts';
import type { Path } from './findings.ts';
import { interpret } from './interpret.ts';
import type { Shape } from './shape.ts';
import { isObject, type JsonObject, memberOf } from './values.ts';
import type { World } from './world.ts';

/**
 * Told of each member of each object: the schemas that document it (undefined: none does), those in
 * force for the object, and where it stands. True: its own members are of interest, too.
 */
export type VisitMember = (
  documenting: ReadonlySet<Shape> | undefined,
  inForce: ReadonlySet<Shape>,
  at: Path,
) => boolean;

/**
 * All schemas that apply to one place are looked at together. `misplaced` is told of lists and objects
 * where no schema of their place allows one; what is in them is not looked at.
 */
export function walkMembers(
  world: World,
  given: ReadonlySet<Shape>,
  value: JsonValue,
  visit: VisitMember,
  path: Path | null = null,
  misplaced: ((at: Path | null) => void) | null = null,
): void {
  if (typeof value !== 'object' || value === null) return;
  if (misplaced !== null && ![...given].every((shape) => allowsKind(world, shape, value))) {
    misplaced(path);
    return;
  }
  const shapes = applicable(world, given, value);
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      if (typeof item !== 'object' || item === null) return;
      const schemas = itemShapes(world, shapes, item, i);
      if (schemas.size > 0)
        walkMembers(world, schemas, item, visit, { parent: path, step: i }, misplaced);
    });
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const schemas = memberShapes(world, shapes, name);
      const at = { parent: path, step: name };
      const goesOn = visit(schemas, shapes, at);
      if (goesOn && schemas !== undefined)
        walkMembers(world, schemas, value[name]!, visit, at, misplaced);
    }
  }
}

/**
 * The schemas that document a member; undefined where none does, and none at all where one keeps it out
 * of an answer: what any of them keeps out is kept out.
 */
export function memberShapes(
  world: World,
  shapes: ReadonlySet<Shape>,
  name: string,
): Set<Shape> | undefined {
  const found = new Set<Shape>();
  for (const shape of shapes) {
    if (keepsOut(world, shape, name)) return new Set();
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

/** A member that may be sent and is never answered. */
function keepsOut(world: World, shape: Shape, name: string): boolean {
  if (!hasKeptOut(shape)) return false;
  const { properties = [], patternProperties = [], additionalForbidden } = shape;
  const own = properties.find(([known]) => known === name);
  const patterned = patternProperties.filter(([pattern]) => world.pattern(pattern).test(name));
  if (own === undefined && patterned.length === 0) return additionalForbidden === 'writeOnly';
  return [own, ...patterned].some((described) => described?.[2] === 'writeOnly');
}

const keepingOut = new WeakMap<Shape, boolean>();

/** Whether it keeps any member out of answers. */
export function hasKeptOut(shape: Shape): boolean {
  let known = keepingOut.get(shape);
  if (known === undefined) {
    const { properties = [], patternProperties = [], additionalForbidden } = shape;
    known = [...properties, ...patternProperties, ['', shape, additionalForbidden]].some(
      ([, , forbidden]) => forbidden === 'writeOnly',
    );
    keepingOut.set(shape, known);
  }
  return known;
}

const listed = new WeakMap<Shape, Map<string, Shape>>();

export function listedProperties(shape: Shape): Map<string, Shape> {
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
    const isChosen = hasChosen(shape, value);
    for (const branches of [shape.anyOf, shape.oneOf]) {
      if (branches === undefined || (isChosen && branches === shape.oneOf)) continue;
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

/** Its discriminator names one alternative: others that fit, too, document nothing. */
function hasChosen({ discriminator }: Shape, value: JsonValue): boolean {
  if (discriminator?.isOptional !== true || !isObject(value)) return false;
  const name = memberOf(value, discriminator.property);
  return discriminator.targets.some(([known]) => known === name);
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
