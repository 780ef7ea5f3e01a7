import { Buffer } from 'node:buffer';
import { type JsonBounds, type JsonValue, readJson } from '../../json/index.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { Shape } from '../plan.ts';
import type { Draft } from './draft.ts';
import { FIELD_BOUNDS, readingsOf } from './lexemes.ts';
import { divideRepeated, type Pieces, type PiecesKind } from './pieces.ts';

/** Why a text cannot be read at all, before any schema is asked. */
export interface Refusal {
  readonly rule: string;
  readonly pointer: string;
  readonly expected?: string;
}

export type Decode = (raw: string) => string | undefined;

export const ANY: Shape = { types: null };

/** What a shape allows a text to be, likeliest first. */
export function kindsOf(shape: Shape): PiecesKind[] {
  if (shape.types === null) return ['text'];
  const kinds: PiecesKind[] = [];
  if (shape.types.includes('array')) kinds.push('list');
  if (shape.types.includes('object')) kinds.push('map');
  if (shape.types.length > kinds.length || kinds.length === 0) kinds.push('text');
  return kinds;
}

/** The same for one draft: who divides a text makes a list or object of it wherever that is allowed. */
export function kindsIn(shape: Shape, { isDividedOtherwise }: Draft): PiecesKind[] {
  const kinds = kindsOf(shape);
  return isDividedOtherwise && kinds.length > 1 ? kinds.filter((kind) => kind !== 'text') : kinds;
}

/** Pieces into a value of the draft's making; choices inside it are noted in the draft. */
export function buildValue(
  pieces: Pieces,
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly readings: readonly JsonValue[] } | Refusal {
  switch (pieces.kind) {
    case 'text': {
      const text = decode(pieces.text);
      if (text === undefined) return { rule: 'encoding', pointer };
      return { readings: readingsOf(text, shape) };
    }
    case 'list': {
      if (pieces.items.length > FIELD_BOUNDS.itemsMax) return { rule: 'items', pointer };
      const list: JsonValue[] = [];
      for (const [index, item] of pieces.items.entries()) {
        const text = decode(item);
        const at = `${pointer}/${index}`;
        if (text === undefined) return { rule: 'encoding', pointer: at };
        draft.put(list, index, at, readingsOf(text, itemShape(shape, index)));
      }
      return { readings: [list] };
    }
    case 'map': {
      if (pieces.members.length > FIELD_BOUNDS.itemsMax) return { rule: 'items', pointer };
      const members: Member[] = pieces.members.map(([key, value]) => ({ path: [key], value }));
      return buildMap(members, shape, decode, draft, pointer);
    }
    default:
      return pieces satisfies never;
  }
}

export interface Member {
  /** Raw keys, outermost first. */
  readonly path: readonly string[];
  readonly value: string;
}

/** Members by path into what the shape has there: items where the brackets count them, else an object. */
export function buildNested(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly readings: readonly JsonValue[] } | Refusal {
  return shape.types?.includes('array') && countsItems(members)
    ? buildItems(members, shape, decode, draft, pointer)
    : buildMap(members, shape, decode, draft, pointer);
}

/** `[]` each time, or `[0]`, `[1]` … as every library counts them. */
const countsItems = (members: readonly Member[]): boolean =>
  members.every(({ path: [head = '-'] }) => head === '') ||
  members.every(({ path: [head = '-'] }) => /^(?:0|[1-9][0-9]{0,4})$/.test(head));

/** Whoever leaves out, repeats or exchanges an index is read in several ways. */
function buildItems(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly readings: readonly JsonValue[] } | Refusal {
  const items: Member[][] = [];
  for (const { path, value } of members) {
    const [head, ...rest] = path;
    const index = head === '' ? items.length : Number(head);
    if (index !== items.length && index !== items.length - 1) return { rule: 'style', pointer };
    items[index] ??= [];
    items[index].push({ path: rest, value });
  }
  if (items.length > FIELD_BOUNDS.itemsMax) return { rule: 'items', pointer };
  const list: JsonValue[] = [];
  for (const [index, parts] of items.entries()) {
    const at = `${pointer}/${index}`;
    const built = buildMember(parts, itemShape(shape, index), decode, draft, at);
    if ('rule' in built) return built;
    draft.put(list, index, at, built.readings);
  }
  return { readings: [list] };
}

/** Members by path into nested objects; a repeated one is a list where its shape says so. */
export function buildMap(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly readings: readonly JsonValue[] } | Refusal {
  const properties = propertiesOf(shape);
  const byKey = new Map<string, Member[]>();
  for (const member of members) {
    const key = decode(member.path[0] as string);
    if (key === undefined) return { rule: 'encoding', pointer };
    if (key === '') return { rule: 'style', pointer };
    const rest = { path: member.path.slice(1), value: member.value };
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [rest]);
    else known.push(rest);
  }
  const map: { [name: string]: JsonValue } = {};
  for (const [key, parts] of byKey) {
    // A name that the document does not know is the caller's, and is not repeated to anyone.
    const known = properties.get(key);
    const at = known === undefined ? pointer : `${pointer}/${escapeSegment(key)}`;
    const built = buildMember(parts, known ?? additionalShape(shape), decode, draft, at);
    if ('rule' in built) return built;
    draft.put(map, key, `${pointer}/${escapeSegment(key)}`, built.readings);
  }
  return { readings: [map] };
}

function buildMember(
  parts: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly readings: readonly JsonValue[] } | Refusal {
  const [first] = parts as [Member, ...Member[]];
  const nested = parts.filter(({ path }) => path.length > 0);
  const types = shape.types ?? [];
  if (nested.length > 0) {
    const isHeld = types.includes('object') || (types.includes('array') && countsItems(nested));
    return isHeld && nested.length === parts.length
      ? buildNested(nested, shape, decode, draft, pointer)
      : { rule: 'style', pointer, expected: NO_BRACKETS };
  }
  if (types.includes('array')) {
    const items = parts.map(({ value }) => value);
    const divided = divideRepeated(items, decode, draft, pointer);
    return buildValue(divided.pieces, shape, divided.decode, draft, pointer);
  }
  if (parts.length > 1) return { rule: 'duplicate', pointer };
  return buildValue({ kind: 'text', text: first.value }, shape, decode, draft, pointer);
}

/** Told of a member at its own pointer. */
const NO_BRACKETS = 'a value here, and no [key] behind it: this is not described as an object';

function itemShape(shape: Shape, index: number): Shape {
  return shape.prefixItems?.[index] ?? shape.items ?? ANY;
}

export function additionalShape(shape: Shape): Shape {
  return shape.additional || ANY;
}

const indexed = new WeakMap<Shape, ReadonlyMap<string, Shape>>();

export function propertiesOf(shape: Shape): ReadonlyMap<string, Shape> {
  let properties = indexed.get(shape);
  if (properties === undefined) {
    properties = new Map(shape.properties);
    indexed.set(shape, properties);
  }
  return properties;
}

/** A JSON text inside a field. */
export function readJsonField(
  text: string,
  pointer: string,
  bounds: JsonBounds,
): { readonly readings: readonly JsonValue[] } | Refusal {
  if (!text.isWellFormed()) return { rule: 'encoding', pointer };
  const reading = readJson(Buffer.from(text, 'utf8'), bounds);
  if (reading.ok) return { readings: [reading.value] };
  return { rule: `json-${reading.problem.rule}`, pointer: pointer + reading.problem.pointer };
}
