import type { JsonValue } from '../json/index.ts';
import type { Matcher } from './patterns/matcher.ts';
import type { PatternSpec } from './patterns/pattern-spec.ts';
import { type Shape, TYPE_BITS, type UnitIndex } from './shape.ts';
import { isInteger, isNumber } from './values.ts';

/** What the interpreter needs of its surroundings. */
export interface World {
  check(unit: UnitIndex, value: JsonValue): boolean;
  shape(unit: UnitIndex): Shape;
  pattern(spec: PatternSpec): Matcher;
  value(text: string): JsonValue;
}

export function hasType(value: JsonValue, types: number): boolean {
  if (typeof value === 'string') return (types & TYPE_BITS.string!) !== 0;
  if (typeof value === 'boolean') return (types & TYPE_BITS.boolean!) !== 0;
  if (value === null) return (types & TYPE_BITS.null!) !== 0;
  if (isNumber(value)) {
    if ((types & TYPE_BITS.number!) !== 0) return true;
    return (types & TYPE_BITS.integer!) !== 0 && isInteger(value);
  }
  return (types & (Array.isArray(value) ? TYPE_BITS.array! : TYPE_BITS.object!)) !== 0;
}
