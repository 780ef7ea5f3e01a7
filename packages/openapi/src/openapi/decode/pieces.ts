import type { Style } from '../plan.ts';
import type { Draft } from './draft.ts';
import { FIELD_BOUNDS } from './lexemes.ts';
import type { Decode } from './read-field.ts';

/** Raw text taken apart by a style's delimiters, before any percent-decoding: `%2C` is data. */
export type Pieces =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'map'; readonly members: readonly (readonly [key: string, value: string])[] };

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
 */
export function divide(
  raw: string,
  kind: PiecesKind,
  name: string,
  style: StyleOf,
  decode: Decode,
  draft: Draft,
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
): { readonly pieces: Pieces; readonly decode: Decode } {
  const described = { pieces: { kind: 'list', items: occurrences }, decode } as const;
  const [only = '', ...others] = occurrences;
  if (others.length > 0 || !/,|%2C/i.test(only)) return described;
  draft.dividedAt ??= pointer;
  const text = draft.isDividedOtherwise ? decode(only) : undefined;
  if (text === undefined) return described;
  return { pieces: { kind: 'list', items: text.split(',', TEXTS_MAX) }, decode: asItIs };
}

/** One more than a list may have. */
const TEXTS_MAX = FIELD_BOUNDS.itemsMax + 1;

const asItIs: Decode = (text) => text;

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
