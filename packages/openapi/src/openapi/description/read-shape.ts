import { ExactNumber } from '../../json/index.ts';
import { isFields, ownMember } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { Shape, ShapeType } from '../plan.ts';
import type { Reading } from './reading.ts';
import { mergeNaming, readNaming, withNaming, withoutNaming } from './xml-naming.ts';

/** Text formats nest little: a list in a member of an object in a list is deep already. */
const DEPTH_MAX = 6;
/** Schemas looked at for one shape; beyond it the rest is read as unconstrained. */
const VISITS_MAX = 2_000;

/** Documents nest as JSON does; what is beyond these bounds is refused when it comes. */
const XML_DEPTH_MAX = 16;

const ANY: Shape = { types: null };
const CUT: Shape = { types: null, isCut: true };

export function readShape(schema: Place, reading: Reading, { isXml = false } = {}): Shape {
  return new ShapeReader(reading, isXml ? XML_DEPTH_MAX : DEPTH_MAX).read(schema, 0, []);
}

class ShapeReader {
  readonly #reading: Reading;
  readonly #depthMax: number;
  #visits = 0;

  constructor(reading: Reading, depthMax: number) {
    this.#reading = reading;
    this.#depthMax = depthMax;
  }

  /** `trail`: the references being followed, so that cycles end. */
  read(place: Place, depth: number, trail: readonly string[]): Shape {
    const { value } = place;
    if (!isFields(value)) return ANY;
    if (depth > this.#depthMax || ++this.#visits > VISITS_MAX) return CUT;
    const reference = ownMember(value, '$ref') ?? ownMember(value, '$dynamicRef');
    if (typeof reference === 'string') {
      const target = this.#follow(place, reference, depth, trail);
      if (this.#reading.hidesBesideReference) return target;
      const own = this.#own(place, depth, trail);
      return this.#admitNull(place, withNaming(intersect(target, own), own.xml));
    }
    return this.#own(place, depth, trail);
  }

  #follow(place: Place, reference: string, depth: number, trail: readonly string[]): Shape {
    const { documents } = this.#reading;
    const isAnchor = /#[^/]/.test(reference);
    const target = isAnchor
      ? documents.anchored(place, reference)
      : documents.target(place, reference);
    if (target === undefined) return ANY;
    const key = `${depth} ${target.document.id}#${target.pointer}`;
    return trail.includes(key) ? ANY : this.read(target, depth, [...trail, key]);
  }

  #own(place: Place, depth: number, trail: readonly string[]): Shape {
    const xml = readNaming(ownMember(place.value, 'xml'));
    let shape: Shape = {
      types: typesOf(place.value),
      ...this.#itemShapes(place, depth),
      ...this.#memberShapes(place, depth),
      ...(isBinary(place.value) ? { binary: true } : {}),
      ...(isWhole(place.value) ? { isWhole: true } : {}),
      ...(saysOfParts(place.value) ? { saysOfParts: true } : {}),
    };
    const all = members(place, 'allOf');
    for (const part of all) {
      const read = this.read(part, depth, trail);
      // The name of one of several is not the name of the whole.
      shape = intersect(shape, all.length > 1 ? withoutNaming(read) : read);
    }
    for (const keyword of ['anyOf', 'oneOf']) {
      const parts = members(place, keyword);
      if (parts.length === 0) continue;
      const union = parts.map((part) => this.read(part, depth, trail)).reduce(unite);
      shape = intersect(shape, union);
    }
    return this.#admitNull(place, withNaming(shape, xml));
  }

  #admitNull(place: Place, shape: Shape): Shape {
    if (shape.types === null || ownMember(place.value, 'nullable') !== true) return shape;
    return { ...shape, types: [...new Set([...shape.types, 'null' as const])] };
  }

  #itemShapes(place: Place, depth: number): Partial<Shape> {
    const items = child(place, 'items');
    // Before 2020-12, a list of items said what prefixItems says now.
    const prefix = members(place, Array.isArray(items.value) ? 'items' : 'prefixItems');
    return {
      ...(isFields(items.value) ? { items: this.read(items, depth + 1, []) } : {}),
      ...(prefix.length > 0
        ? { prefixItems: prefix.map((item) => this.read(item, depth + 1, [])) }
        : {}),
    };
  }

  #memberShapes(place: Place, depth: number): Partial<Shape> {
    const properties = child(place, 'properties');
    const additional = child(place, 'additionalProperties');
    const names = isFields(properties.value) ? Object.keys(properties.value) : [];
    return {
      ...(names.length > 0
        ? {
            properties: names.map(
              (name) => [name, this.read(child(properties, name), depth + 1, [])] as const,
            ),
          }
        : {}),
      ...(additional.value === false ? { additional: false } : {}),
      ...(additional.value === true ? { additional: ANY } : {}),
      ...(isFields(additional.value) ? { additional: this.read(additional, depth + 1, []) } : {}),
    };
  }
}

function members(place: Place, keyword: string): Place[] {
  const list = child(place, keyword);
  return Array.isArray(list.value) ? list.value.map((_, index) => child(list, index)) : [];
}

function typesOf(schema: unknown): readonly ShapeType[] | null {
  const type = ownMember(schema, 'type');
  const named = (Array.isArray(type) ? type : [type]).flatMap(shapeType);
  if (named.length > 0) return [...new Set(named)];
  const listed = ownMember(schema, 'enum');
  const fixed = Array.isArray(listed)
    ? listed
    : Object.hasOwn(schema as object, 'const')
      ? [ownMember(schema, 'const')]
      : [];
  if (fixed.length > 0) return [...new Set(fixed.map(typeOfValue))];
  if (ownMember(schema, 'properties') !== undefined) return ['object'];
  if (ownMember(schema, 'items') !== undefined) return ['array'];
  return null;
}

function shapeType(type: unknown): ShapeType[] {
  switch (type) {
    case 'integer':
      return ['number'];
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
    case 'array':
    case 'object':
      return [type];
    default:
      return [];
  }
}

function typeOfValue(value: unknown): ShapeType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof ExactNumber) return 'number';
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object';
}

function isBinary(schema: unknown): boolean {
  const format = ownMember(schema, 'format');
  const mediaType = ownMember(schema, 'contentMediaType');
  const isEncoded = ownMember(schema, 'contentEncoding') !== undefined;
  return format === 'binary' || (typeof mediaType === 'string' && !isEncoded);
}

const OF_PARTS =
  `required minProperties maxProperties patternProperties additionalProperties propertyNames
  dependentRequired dependentSchemas dependencies unevaluatedProperties minItems maxItems uniqueItems prefixItems
  additionalItems contains unevaluatedItems not if`.split(/\s+/);

const saysOfParts = (schema: unknown): boolean =>
  OF_PARTS.some((keyword) => ownMember(schema, keyword) !== undefined);

/** Where the type says so, the listed numbers are, or the step between numbers is. */
function isWhole(schema: unknown): boolean {
  const type = ownMember(schema, 'type');
  const named = Array.isArray(type) ? type : [type];
  if (named.includes('integer') && !named.includes('number')) return true;
  const format = ownMember(schema, 'format');
  if (typeof format === 'string' && /^u?int[0-9]*$|^double-int$/.test(format)) return true;
  const listed = ownMember(schema, 'enum');
  const values = Array.isArray(listed) ? listed : [ownMember(schema, 'const')];
  const numbers = values.filter((value) => typeOfValue(value) === 'number');
  if (numbers.length > 0) return numbers.every(Number.isInteger);
  const step = ownMember(schema, 'multipleOf');
  return Number.isInteger(step) && step !== 0;
}

/** What holds under both. */
function intersect(left: Shape, right: Shape): Shape {
  const types =
    left.types === null || right.types === null
      ? (left.types ?? right.types)
      : left.types.filter((type) => right.types?.includes(type));
  const whole = left.isWhole || right.isWhole ? { isWhole: true as const } : {};
  return { types, ...whole, ...mergeParts(left, right, intersect, 'all') };
}

/** What may hold under either. */
function unite(left: Shape, right: Shape): Shape {
  const types =
    left.types === null || right.types === null
      ? null
      : [...new Set([...left.types, ...right.types])];
  const isOf = ({ types, isWhole }: Shape) => isWhole || types?.includes('number') === false;
  const whole = isOf(left) && isOf(right) ? { isWhole: true as const } : {};
  return { types, ...whole, ...mergeParts(left, right, unite, 'any') };
}

function mergeParts(
  left: Shape,
  right: Shape,
  merge: (left: Shape, right: Shape) => Shape,
  mode: 'all' | 'any',
): Partial<Shape> {
  const items =
    left.items && right.items ? merge(left.items, right.items) : (left.items ?? right.items);
  const prefixItems = left.prefixItems ?? right.prefixItems;
  const properties = new Map(left.properties);
  for (const [name, shape] of right.properties ?? []) {
    const known = properties.get(name);
    properties.set(name, known === undefined ? shape : merge(known, shape));
  }
  const additional = mergeAdditional(left, right, merge, mode);
  const xml = mergeNaming(left, right, mode);
  const binary = mode === 'all' ? left.binary || right.binary : left.binary && right.binary;
  return {
    ...(items ? { items } : {}),
    ...(prefixItems ? { prefixItems } : {}),
    ...(properties.size > 0 ? { properties: [...properties] } : {}),
    ...(additional === undefined ? {} : { additional }),
    ...(binary ? { binary } : {}),
    ...(xml === undefined ? {} : { xml }),
    ...(left.isCut || right.isCut ? { isCut: true } : {}),
    ...(left.saysOfParts || right.saysOfParts ? { saysOfParts: true } : {}),
  };
}

function mergeAdditional(
  left: Shape,
  right: Shape,
  merge: (left: Shape, right: Shape) => Shape,
  mode: 'all' | 'any',
): Shape | false | undefined {
  if (left.additional === undefined || right.additional === undefined) {
    return left.additional ?? right.additional;
  }
  if (left.additional === false || right.additional === false) {
    return mode === 'all' ? false : left.additional || right.additional;
  }
  return merge(left.additional, right.additional);
}
