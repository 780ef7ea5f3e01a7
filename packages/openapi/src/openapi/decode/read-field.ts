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

/** What a value may be, likeliest first. */
export type Built = { readonly readings: readonly JsonValue[] } | Refusal;

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
): Built {
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
      const members: NamedText[] = [];
      for (const [key, value] of pieces.members) {
        const name = decode(key);
        if (name === undefined) return { rule: 'encoding', pointer };
        members.push({ name, value });
      }
      return buildMap(members, shape, decode, draft, pointer);
    }
    default:
      return pieces satisfies never;
  }
}

/** A name, decoded, and the raw text that came under it. */
export interface NamedText {
  readonly name: string;
  readonly value: string;
}

/** Members of an object that has no other within it; a repeated one is a list where its shape says so. */
export function buildMap(
  members: readonly NamedText[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const properties = propertiesOf(shape);
  const map: { [name: string]: JsonValue } = {};
  for (const [key, parts] of Map.groupBy(members, ({ name }) => name)) {
    if (key === '') return { rule: 'style', pointer };
    // A name that the document does not know is the caller's, and is not repeated to anyone.
    const known = properties.get(key);
    const at = known === undefined ? pointer : `${pointer}/${escapeSegment(key)}`;
    const texts = parts.map(({ value }) => value);
    const built = buildTexts(texts, known ?? additionalShape(shape), decode, draft, at);
    if ('rule' in built) return built;
    draft.put(map, key, `${pointer}/${escapeSegment(key)}`, built.readings);
  }
  return { readings: [map] };
}

function buildTexts(
  texts: readonly string[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  if (shape.types?.includes('array')) {
    const divided = divideRepeated(texts, decode, draft, pointer);
    return buildValue(divided.pieces, shape, divided.decode, draft, pointer);
  }
  if (texts.length > 1) return { rule: 'duplicate', pointer };
  return buildValue({ kind: 'text', text: texts[0] as string }, shape, decode, draft, pointer);
}

export function itemShape(shape: Shape, index: number): Shape {
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
export function readJsonField(text: string, pointer: string, bounds: JsonBounds): Built {
  if (!text.isWellFormed()) return { rule: 'encoding', pointer };
  const reading = readJson(Buffer.from(text, 'utf8'), bounds);
  if (reading.ok) return { readings: [reading.value] };
  return { rule: `json-${reading.problem.rule}`, pointer: pointer + reading.problem.pointer };
}
