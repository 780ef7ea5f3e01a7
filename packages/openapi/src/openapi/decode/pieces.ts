import type { Shape, Style } from '../plan.ts';
import type { Draft } from './draft.ts';
import { FIELD_BOUNDS } from './lexemes.ts';
import type { Decode } from './read-field.ts';

/** Raw text taken apart by a style's delimiters, before any percent-decoding: `%2C` is data. */
export type Pieces =
  | { readonly kind: 'text'; readonly text: string }
  | ListPieces
  | { readonly kind: 'map'; readonly members: readonly (readonly [key: string, value: string])[] };

interface ListPieces {
  readonly kind: 'list';
  readonly items: readonly string[];
}

export type PiecesKind = Pieces['kind'];

export interface StyleOf {
  readonly style: Style;
  readonly explode: boolean;
}

/** One raw value of a path, header, cookie or unexploded query parameter; undefined: not that style. */
export function takeApart(
  raw: string,
  kind: PiecesKind,
  name: string,
  { style, explode }: StyleOf,
): Pieces | undefined {
  switch (style) {
    case 'label':
      if (!raw.startsWith('.')) return undefined;
      return split(raw.slice(1), kind, explode ? '.' : ',', explode);
    case 'matrix':
      return raw.startsWith(';') ? takeMatrixApart(raw.slice(1), kind, name, explode) : undefined;
    case 'spaceDelimited':
      return split(raw, kind, /%20|\+/, false);
    case 'pipeDelimited':
      return split(raw, kind, /%7C|\|/i, false);
    default:
      return split(raw, kind, ',', explode);
  }
}

/** Delimiters of styles, encoded: whoever decodes first finds more of them. */
const ENCODED_DELIMITER = /%(?:2C|3B|3D)/i;

/** What belongs to a list or object, and how its pieces are decoded. */
export interface Divided {
  readonly pieces: Pieces | undefined;
  readonly decode: Decode;
}

/**
 * The same, in a draft that asks for it as services take it apart that decode first; where pipes or
 * blanks are written in two ways, as those do that know only one of them.
 * @param shape of the value, where commas may come encoded
 */
export function divide(
  raw: string,
  kind: PiecesKind,
  name: string,
  style: StyleOf,
  decode: Decode,
  draft: Draft,
  pointer: string,
  shape?: Shape,
): Divided {
  // Libraries encode a comma, and in a list of numbers it is nothing else.
  const isPlain = kind === 'list' && shape !== undefined && holdsNoTexts(shape);
  const written = isPlain ? raw.replaceAll(/%2C/gi, ',') : raw;
  const divided = divideIn(draft, written, kind, name, style, decode, pointer);
  const { pieces } = divided;
  return pieces === undefined ? divided : trimmedIn(draft, pieces, divided.decode, pointer);
}

function holdsNoTexts({ items, prefixItems = [] }: Shape): boolean {
  const isOfNumbers = ({ types }: Shape) =>
    types?.every((type) => type === 'number' || type === 'boolean') ?? false;
  return items !== undefined && [items, ...prefixItems].every(isOfNumbers);
}

function divideIn(
  draft: Draft,
  raw: string,
  kind: PiecesKind,
  name: string,
  style: StyleOf,
  decode: Decode,
  pointer: string,
): Divided {
  const described = { pieces: takeApart(raw, kind, name, style), decode };
  if (kind === 'text' || !isDoubtful(raw, style)) return described;
  draft.dividedAt ??= pointer;
  if (!draft.isDividedOtherwise) return described;
  if (style.style === 'pipeDelimited') return { pieces: split(raw, kind, '|', false), decode };
  if (style.style === 'spaceDelimited') return { pieces: split(raw, kind, '%20', false), decode };
  const text = decode(raw);
  if (text === undefined) return described;
  return { pieces: takeApart(text, kind, name, style), decode: asItIs };
}

/** Without the blanks around what was cut out, where the draft asks for that; otherwise where they stand is noted. */
function trimmedIn<P extends Pieces>(
  draft: Draft,
  pieces: P,
  decode: Decode,
  pointer: string,
): { readonly pieces: P; readonly decode: Decode } {
  if (pieces.kind === 'text') return { pieces, decode };
  const texts = pieces.kind === 'list' ? pieces.items : pieces.members.flat();
  const isPadded = (raw: string): boolean => {
    const text = MAY_BE_PADDED.test(raw) ? decode(raw) : undefined;
    return text !== undefined && trimmed(text) !== text;
  };
  if (draft.isTrimmed) {
    const trim: Decode = (raw) => {
      const text = decode(raw);
      return text === undefined ? undefined : trimmed(text);
    };
    return { pieces, decode: trim };
  }
  if (draft.blankAt === undefined && texts.some(isPadded)) draft.blankAt = pointer;
  return { pieces, decode };
}

/** A blank of any kind, or an escape or '+' that may be one, at either end. */
const MAY_BE_PADDED = /^[\s\p{Cc}\p{Cf}\p{Z}%+]|[\s\p{Cc}\p{Cf}\p{Z}+]$|%[0-9A-Fa-f]{2}$/u;
const BLANK = /[\s\p{Cc}\p{Cf}\p{Z}]/u;

/** Without blanks of any language, and the controls that some count among them. */
function trimmed(text: string): string {
  // From both ends by hand, because a pattern would begin anew at each of many blanks.
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.test(text[start] as string)) start += 1;
  while (end > start && BLANK.test(text[end - 1] as string)) end -= 1;
  return text.slice(start, end);
}

function isDoubtful(raw: string, { style }: StyleOf): boolean {
  if (style === 'pipeDelimited') return raw.includes('|') && /%7C/i.test(raw);
  if (style === 'spaceDelimited') return raw.includes('+') && raw.includes('%20');
  return raw.includes('%') && ENCODED_DELIMITER.test(raw);
}

/** Each occurrence is one item; of a single one, many services make a list at its commas. */
export function divideRepeated(
  occurrences: readonly string[],
  decode: Decode,
  draft: Draft,
  pointer: string,
): { readonly pieces: ListPieces; readonly decode: Decode } {
  const described: ListPieces = { kind: 'list', items: occurrences };
  const [only = '', ...others] = occurrences;
  if (others.length > 0) return { pieces: described, decode };
  if (/,|%2C/i.test(only)) draft.dividedAt ??= pointer;
  const text = draft.isDividedOtherwise ? decode(only) : undefined;
  const items = text?.split(',', TEXTS_MAX);
  return items === undefined
    ? trimmedIn(draft, described, decode, pointer)
    : trimmedIn(draft, { kind: 'list', items }, asItIs, pointer);
}

/** One more than a list may have. */
const TEXTS_MAX = FIELD_BOUNDS.itemsMax + 1;

export const asItIs: Decode = (text) => text;

function split(
  raw: string,
  kind: PiecesKind,
  delimiter: string | RegExp,
  explode: boolean,
): Pieces | undefined {
  if (kind === 'text') return { kind, text: raw };
  const items = raw.split(delimiter);
  if (kind === 'list') return { kind, items };
  return explode ? explodedMembers(items) : alternatingMembers(items);
}

/** R=100,G=200 */
function explodedMembers(items: readonly string[]): Pieces | undefined {
  const members: [string, string][] = [];
  for (const item of items) {
    const equals = item.indexOf('=');
    if (equals < 0) return undefined;
    members.push([item.slice(0, equals), item.slice(equals + 1)]);
  }
  return { kind: 'map', members };
}

/** R,100,G,200 */
function alternatingMembers(items: readonly string[]): Pieces | undefined {
  if (items.length % 2 !== 0) return undefined;
  const members: [string, string][] = [];
  for (let index = 0; index < items.length; index += 2) {
    members.push([items[index] as string, items[index + 1] as string]);
  }
  return { kind: 'map', members };
}

/** ;color=blue  ;color=blue,black  ;color=blue;color=black  ;R=100;G=200 */
function takeMatrixApart(
  raw: string,
  kind: PiecesKind,
  name: string,
  explode: boolean,
): Pieces | undefined {
  if (kind === 'map' && explode) return explodedMembers(raw.split(';'));
  const valueIn = (part: string): string | undefined => {
    const equals = part.indexOf('=');
    const label = equals < 0 ? part : part.slice(0, equals);
    if (label !== name && label !== encodeURIComponent(name.toWellFormed())) return undefined;
    return equals < 0 ? '' : part.slice(equals + 1);
  };
  if (kind === 'list' && explode) {
    const items = raw.split(';').map(valueIn);
    return items.every((item) => item !== undefined) ? { kind, items } : undefined;
  }
  const value = valueIn(raw);
  return value === undefined ? undefined : split(value, kind, ',', false);
}
