import { canonicalDecimal, compareDecimals, type Decimal, readDecimal } from '../../json/index.ts';
import type { NumberRule, Shape } from '../shape.ts';
import { TYPE_BITS, withIntegers } from '../shape.ts';
import { NEVER, type Rest } from './openers.ts';

/** Every one of these must hold: shapes without references and `allOf`, which are resolved. */
export interface Conjunction {
  readonly shapes: readonly Shape[];
  /** Nothing passes. */
  readonly isNever: boolean;
}

const ANY_TYPE = 127;
const NUMBER = TYPE_BITS['number'] as number;

export function conjunctionOf(given: readonly Shape[], units: readonly Shape[]): Conjunction {
  const found = new Set<Shape>();
  const waiting = [...given];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (found.has(shape)) continue;
    found.add(shape);
    for (const unit of shape.refs ?? []) {
      const target = units[unit];
      if (target !== undefined) waiting.push(target);
    }
    waiting.push(...(shape.allOf ?? []));
    // One alternative is none.
    for (const { alternatives } of choicesOf(shape)) {
      if (alternatives.length === 1) waiting.push(...alternatives);
    }
  }
  const shapes = [...found];
  return { shapes, isNever: shapes.some(({ never, ignored }) => never || ignored) };
}

export interface Choice {
  readonly keyword: 'anyOf' | 'oneOf';
  readonly alternatives: readonly Shape[];
}

function choicesOf({ anyOf, oneOf }: Shape): Choice[] {
  return [
    ...(anyOf === undefined ? [] : [{ keyword: 'anyOf' as const, alternatives: anyOf }]),
    ...(oneOf === undefined ? [] : [{ keyword: 'oneOf' as const, alternatives: oneOf }]),
  ];
}

export function choices({ shapes }: Conjunction): Choice[] {
  return shapes.flatMap(choicesOf).filter(({ alternatives }) => alternatives.length > 1);
}

/** Bits of what passes. */
export function typesOf({ shapes }: Conjunction): number {
  let bits = ANY_TYPE;
  for (const { types } of shapes) {
    if (types !== undefined) bits &= withIntegers(types);
  }
  return bits;
}

/** Texts of the values that pass; null: not listed. */
export function valuesOf({ shapes }: Conjunction): readonly string[] | null {
  let values: readonly string[] | null = null;
  for (const { values: listed, constant } of shapes) {
    const lists = [listed, constant === undefined ? undefined : [constant]];
    for (const list of lists) {
      if (list === undefined) continue;
      values = values === null ? list : values.filter((value) => includesValue(list, value));
    }
  }
  return values;
}

/** Numbers by their value: 1e400 and 10e399 are one. */
export function includesValue(values: readonly string[], text: string): boolean {
  if (values.includes(text)) return true;
  const decimal = readDecimal(text);
  return decimal !== undefined && values.some((value) => isSame(readDecimal(value), decimal));
}

function isSame(one: Decimal | undefined, other: Decimal): boolean {
  return one !== undefined && canonicalDecimal(one) === canonicalDecimal(other);
}

/** The nearest limits on each side. */
export function limitsOf(all: Conjunction): { least: Limit | null; most: Limit | null } {
  let least: Limit | null = null;
  let most: Limit | null = null;
  const isWhole = (typesOf(all) & NUMBER) === 0;
  for (const [rule, text] of all.shapes.flatMap(({ limits = [] }) => limits)) {
    const limit = limitOf(rule, text, isWhole);
    if (/min/i.test(rule)) {
      if (least === null || isBeyond(limit, least, 1)) least = limit;
    } else if (most === null || isBeyond(limit, most, -1)) most = limit;
  }
  return { least, most };
}

export interface Limit {
  /** JSON text of a number. */
  readonly text: string;
  readonly isExclusive: boolean;
}

/** More digits than any integer that somebody counts with. */
const WHOLE_DIGITS_MAX = 40;

function limitOf(rule: NumberRule, text: string, isWhole: boolean): Limit {
  const isExclusive = rule.startsWith('exclusive');
  // For whole numbers, above 0 is from 1 on.
  const value = isExclusive && isWhole ? wholeOf(text) : undefined;
  if (value === undefined) return { text, isExclusive };
  return { text: String(value + (rule === 'exclusiveMinimum' ? 1n : -1n)), isExclusive: false };
}

function wholeOf(text: string): bigint | undefined {
  const { negative, digits, exponent } = decimalIn(text);
  if (exponent < 0 || digits.length + exponent > WHOLE_DIGITS_MAX) return undefined;
  const size = BigInt(digits) * 10n ** BigInt(exponent);
  return negative ? -size : size;
}

/** Further in: upwards (1) for a minimum, downwards (-1) for a maximum. */
export function isBeyond(one: Limit, other: Limit, direction: 1 | -1): boolean {
  const order = compareDecimals(decimalIn(one.text), decimalIn(other.text));
  if (order !== 0) return order * direction > 0;
  return one.isExclusive && !other.isExclusive;
}

/** Of a text that a schema holds, which is a number. */
export function decimalIn(text: string): Decimal {
  return readDecimal(text) as Decimal;
}

type Count =
  | 'minLength'
  | 'maxLength'
  | 'minItems'
  | 'maxItems'
  | 'minProperties'
  | 'maxProperties';

/** The nearest; null: no bound. */
export function countOf({ shapes }: Conjunction, name: Count): number | null {
  const counts = shapes.flatMap((shape) => shape[name] ?? []);
  if (counts.length === 0) return null;
  const nearest = name.startsWith('min') ? Math.max(...counts) : Math.min(...counts);
  return name.startsWith('min') && nearest === 0 ? null : nearest;
}

export const COUNTS: Readonly<Record<'string' | 'array' | 'object', readonly Count[]>> = {
  string: ['minLength', 'maxLength'],
  array: ['minItems', 'maxItems'],
  object: ['minProperties', 'maxProperties'],
};

/** All that holds for the member of this name; null: for those that no schema lists. */
export function memberShapes(
  { shapes }: Conjunction,
  name: string | null,
  rests: readonly Rest[],
): Shape[] {
  const found: Shape[] = [];
  let isListed = false;
  for (const shape of shapes) {
    const listed = shape.properties?.find(([own]) => own === name);
    if (listed !== undefined) {
      isListed = true;
      const [, member, forbidden] = listed;
      found.push(forbidden === undefined ? member : NEVER);
    } else found.push(...unlistedBy(shape));
  }
  return isListed ? found : [...found, ...alwaysAsked(rests)];
}

/**
 * All that holds for members whose names match a pattern. A name may match others, too, and is then none that
 * `additionalProperties` is for: whether it is held against that, `isMost` says.
 */
export function patternShapes(
  { shapes }: Conjunction,
  pattern: string,
  rests: readonly Rest[],
  isMost: boolean,
): Shape[] {
  const found: Shape[] = [];
  let isListed = false;
  for (const shape of shapes) {
    const patterns = shape.patternProperties ?? [];
    const own = patterns.filter(([spec]) => JSON.stringify(spec) === pattern);
    if (own.length > 0) isListed = true;
    for (const [, member, forbidden] of own) found.push(forbidden === undefined ? member : NEVER);
    if (own.length === 0 && (isMost || patterns.length === 0)) found.push(...unlistedBy(shape));
  }
  if (isListed) return found;
  return [...found, ...(isMost ? rests.map(({ schema }) => schema) : alwaysAsked(rests))];
}

function unlistedBy({ additionalForbidden, additionalProperties }: Shape): Shape[] {
  if (additionalForbidden !== undefined) return [NEVER];
  return additionalProperties === undefined ? [] : [additionalProperties];
}

function alwaysAsked(rests: readonly Rest[]): Shape[] {
  return rests.flatMap(({ schema, branches }) => (branches.length === 0 ? [schema] : []));
}

export function patternsOf({ shapes }: Conjunction): string[] {
  const specs = shapes.flatMap(({ patternProperties = [] }) => patternProperties);
  return [...new Set(specs.map(([spec]) => JSON.stringify(spec)))];
}

export function memberNames({ shapes }: Conjunction): string[] {
  return [...new Set(shapes.flatMap(({ properties = [] }) => properties.map(([name]) => name)))];
}

/** All that holds for the item at this index; null: for those beyond the described ones. */
export function itemShapes(
  { shapes }: Conjunction,
  index: number | null,
  rests: readonly Rest[],
): Shape[] {
  const found = shapes.flatMap(({ prefixItems = [], items }) => {
    const own = index === null ? undefined : prefixItems[index];
    return own ?? items ?? [];
  });
  const isListed =
    index !== null && shapes.some(({ prefixItems = [] }) => index < prefixItems.length);
  return isListed ? found : [...found, ...alwaysAsked(rests)];
}

export function prefixLength({ shapes }: Conjunction): number {
  return Math.max(0, ...shapes.map(({ prefixItems = [] }) => prefixItems.length));
}
