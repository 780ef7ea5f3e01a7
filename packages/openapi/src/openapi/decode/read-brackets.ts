import type { JsonValue } from '../../json/index.ts';
import { escapeSegment } from '../document/pointer.ts';
import type { Shape } from '../plan.ts';
import { repeatedReadings } from '../segment-text.ts';
import type { Draft } from './draft.ts';
import { FieldNames } from './field-names.ts';
import { FIELD_BOUNDS } from './lexemes.ts';
import { divideRepeated } from './pieces.ts';
import {
  additionalShape,
  type Built,
  buildValue,
  type Decode,
  itemShape,
  propertiesOf,
  type Refusal,
} from './read-field.ts';
import { bracketsInWords } from './style-words.ts';

/** A text, and the keys in brackets behind the name of its field: `[lines][0][price]`. */
export interface Member {
  /** Decoded, outermost first. */
  readonly path: readonly string[];
  /** Raw. */
  readonly value: string;
}

/** Members by path into what the shape has there: items where the brackets count them, else an object. */
export function buildNested(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  return shape.types?.includes('array') && countsItems(members)
    ? buildItems(members, shape, decode, draft, pointer)
    : buildMembers(members, shape, decode, draft, pointer);
}

/** `[]` each time, or `[0]`, `[1]` … as every library counts them. */
const countsItems = (members: readonly Member[]): boolean =>
  members.every(({ path: [head = '-'] }) => head === '') ||
  members.every(({ path: [head = '-'] }) => /^(?:0|[1-9][0-9]{0,4})$/.test(head));

function buildItems(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const items = itemsOf(members, draft, pointer);
  if (items === undefined) return inBrackets(shape, pointer);
  const only = onlyText(items);
  // Many services divide the only text of a list at its commas, however its name is written.
  const divided = only === undefined ? undefined : divideRepeated([only], decode, draft, pointer);
  const each = divided?.pieces.items.map((value) => [{ path: [], value }]) ?? items;
  if (each.length > FIELD_BOUNDS.itemsMax) return { rule: 'items', pointer };
  const list: JsonValue[] = [];
  for (const [index, parts] of each.entries()) {
    const at = `${pointer}/${index}`;
    const inner = itemShape(shape, index);
    const built = buildMember(parts, inner, divided?.decode ?? decode, draft, at);
    if ('rule' in built) return built;
    draft.put(list, index, at, built.readings);
  }
  return { readings: [list] };
}

/** In the order of their indices; undefined where one is left out, which services read in several ways. */
function itemsOf(
  members: readonly Member[],
  draft: Draft,
  pointer: string,
): readonly Member[][] | undefined {
  const byIndex = new Map<number, Member[]>();
  for (const { path, value } of members) {
    const [head, ...rest] = path;
    const index = head === '' ? byIndex.size : Number(head);
    const parts = byIndex.get(index);
    if (parts === undefined) byIndex.set(index, [{ path: rest, value }]);
    else parts.push({ path: rest, value });
  }
  const sent = [...byIndex.values()];
  const indices = [...byIndex.keys()];
  // Each of them once: they are complete where none goes beyond their number.
  if (indices.some((index) => index >= sent.length)) return undefined;
  if (indices.some((index, position) => index !== position)) draft.orderAt ??= pointer;
  return draft.isInSentOrder ? sent : sent.map((_, index) => byIndex.get(index) as Member[]);
}

function onlyText([first, ...others]: readonly Member[][]): string | undefined {
  const [member, ...more] = first ?? [];
  const isOnly = others.length === 0 && more.length === 0 && member?.path.length === 0;
  return isOnly ? member.value : undefined;
}

function buildMembers(
  members: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const properties = propertiesOf(shape);
  const byKey = new Map<string, Member[]>();
  for (const { path, value } of members) {
    const [key = '', ...rest] = path;
    const parts = byKey.get(key);
    if (parts === undefined) byKey.set(key, [{ path: rest, value }]);
    else parts.push({ path: rest, value });
  }
  const map: { [name: string]: JsonValue } = {};
  for (const [key, parts] of byKey) {
    const doubt = properties.has(key) && key !== '' ? undefined : doubtOfKey(key, shape, pointer);
    if (doubt !== undefined) return doubt;
    // A name that the document does not know is the caller's, and is not repeated to anyone.
    const known = properties.get(key);
    const at = known === undefined ? pointer : `${pointer}/${escapeSegment(key)}`;
    const built = buildMember(parts, known ?? additionalShape(shape), decode, draft, at);
    if ('rule' in built) return built;
    draft.put(map, key, `${pointer}/${escapeSegment(key)}`, built.readings);
  }
  return { readings: [map] };
}

/** What is not described, but may be read as what is, or as the item of a list. */
function doubtOfKey(key: string, shape: Shape, pointer: string): Refusal | undefined {
  // PHP counts an item where a bracket holds nothing but a blank.
  if (/^[\s\p{Z}]*$/u.test(key)) return inBrackets(shape, pointer);
  if (isCounted(key, shape)) return inBrackets(shape, pointer);
  for (const [text = ''] of repeatedReadings([key])) {
    if (CONTROL.test(text)) return { rule: 'look-alike', pointer, expected: NO_CONTROLS };
  }
  if (PLAIN.test(key)) return undefined;
  const like = namesOf(shape)?.meantBy(key, false);
  if (like === undefined) return undefined;
  const expected = `the name ${JSON.stringify(like)}`;
  return { rule: 'look-alike', pointer: `${pointer}/${escapeSegment(like)}`, expected };
}

/**
 * What bears a number is the item of a list to services: also in quotes (Spring), with needless zeros (append-field,
 * which multer has), or as Python writes whole numbers (querystring-parser): signs, underscores, digits of any script.
 */
function isCounted(key: string, shape: Shape): boolean {
  const bare = key.replaceAll(/[\s'"`]+/g, '');
  if (!/^[-+]?\p{Nd}(?:_?\p{Nd})*$/u.test(bare)) return false;
  const isUsual = bare === key && /^(?:0|[1-9][0-9]*)$/.test(key);
  return isClosed(shape) || (!isUsual && (shape.types?.includes('array') ?? false));
}

/** It lists what it has, and says of nothing more what it is: a number is no name there. */
const isClosed = ({ properties, additional }: Shape): boolean =>
  properties !== undefined && additional === undefined;

/** PHP ends a name at the first of them within brackets, and has what stands before it. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
const NO_CONTROLS =
  'no control characters within brackets of a name: some services end the name there';

/** In what else these differ, the schema tells, as it does in JSON. */
const PLAIN = /^[A-Za-z0-9_-]+$/;

const compared = new WeakMap<Shape, FieldNames>();

function namesOf(shape: Shape): FieldNames | undefined {
  if (shape.properties === undefined) return undefined;
  let names = compared.get(shape);
  if (names === undefined) {
    names = new FieldNames(propertiesOf(shape).keys());
    compared.set(shape, names);
  }
  return names;
}

function buildMember(
  parts: readonly Member[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const nested = parts.filter(({ path }) => path.length > 0);
  if (nested.length === 0) {
    const texts = parts.map(({ value }) => value);
    return buildPlain(texts, shape, decode, draft, pointer);
  }
  const types = shape.types ?? [];
  const isHeld = types.includes('object') || (types.includes('array') && countsItems(nested));
  return isHeld && nested.length === parts.length
    ? buildNested(nested, shape, decode, draft, pointer)
    : inBrackets(shape, pointer);
}

/**
 * What comes without brackets behind it is a text to PHP, qs and Rack, and so it is here wherever the shape has one.
 * Where it has lists alone, it is a list, of as many items as there are texts.
 */
export function buildPlain(
  texts: readonly string[],
  shape: Shape,
  decode: Decode,
  draft: Draft,
  pointer: string,
): Built {
  const isList = shape.types?.includes('array') ?? false;
  const divided = isList ? divideRepeated(texts, decode, draft, pointer) : undefined;
  const isText = texts.every((text) => takesText(shape, text));
  if (divided !== undefined && !isText) {
    return buildValue(divided.pieces, shape, divided.decode, draft, pointer);
  }
  if (texts.length > 1) return { rule: 'duplicate', pointer };
  // Where others divide it, and only there, it is a list.
  return divided !== undefined && divided.pieces.items.length > 1
    ? buildValue(divided.pieces, shape, divided.decode, draft, pointer)
    : buildValue({ kind: 'text', text: texts[0] as string }, shape, decode, draft, pointer);
}

/** The empty text is null where null is allowed. */
export function takesText({ types }: Shape, text: string): boolean {
  if (types === null || (text === '' && types.includes('null'))) return true;
  return types.some((type) => type === 'string' || type === 'number' || type === 'boolean');
}

const inBrackets = (shape: Shape, pointer: string): Refusal => ({
  ...{ rule: 'style', pointer },
  expected: bracketsInWords(shape),
});
