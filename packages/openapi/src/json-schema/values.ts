import {
  canonicalDecimal,
  compareDecimals,
  decimalOf,
  ExactNumber,
  isIntegral,
  isMultiple,
  type JsonValue,
} from '../json/index.ts';
import type { NumberRule } from './shape.ts';

export type JsonObject = { [name: string]: JsonValue };

export const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ExactNumber);

export const isNumber = (value: JsonValue): value is number | ExactNumber =>
  typeof value === 'number' || value instanceof ExactNumber;

export const isInteger = (value: JsonValue): boolean =>
  typeof value === 'number' ? value % 1 === 0 : value instanceof ExactNumber && isWhole(value);

function isWhole(value: ExactNumber): boolean {
  const decimal = decimalOf(value);
  return decimal !== undefined && isIntegral(decimal);
}

/** Own members only: "constructor" and "toString" are absent unless the document has them. */
export const memberOf = (object: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** Unicode code points, as 2020-12 §6.3.1 counts them. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      i++;
    }
  }
  return count;
}

export function keepsLimit(
  value: number | ExactNumber,
  rule: NumberRule,
  limit: number | ExactNumber,
): boolean {
  const left = decimalOf(value);
  const right = decimalOf(limit);
  if (left === undefined || right === undefined) return false;
  const order = compareDecimals(left, right);
  switch (rule) {
    case 'minimum':
      return order >= 0;
    case 'maximum':
      return order <= 0;
    case 'exclusiveMinimum':
      return order > 0;
    case 'exclusiveMaximum':
      return order < 0;
  }
}

/** Steps of money and measures, by how many of them make one. */
const SCALES: ReadonlyMap<number, number> = new Map([
  [0.1, 10],
  [0.01, 100],
  [0.001, 1_000],
  [0.0001, 10_000],
]);

export function isMultipleOf(value: number | ExactNumber, step: number | ExactNumber): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(step)) {
    return (value as number) % (step as number) === 0;
  }
  const scale = SCALES.get(step as number);
  if (scale !== undefined && typeof value === 'number') {
    // Up to 15 digits are told apart by doubles, and division rounds correctly: the quotient is
    // the value exactly when the value means that many decimals.
    const scaled = Math.round(value * scale);
    if (Math.abs(scaled) <= 1e15) return scaled / scale === value;
  }
  const left = decimalOf(value);
  const right = decimalOf(step);
  return left !== undefined && right !== undefined && isMultiple(left, right);
}

/** JSON equality: numbers by value, objects without regard to order. */
export function isEqual(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (isNumber(left) || isNumber(right)) {
    return isNumber(left) && isNumber(right) && numberKey(left) === numberKey(right);
  }
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, i) => isEqual(item, right[i]!));
  }
  const names = Object.keys(left as JsonObject);
  if (names.length !== Object.keys(right as JsonObject).length) return false;
  return names.every(
    (name) =>
      Object.hasOwn(right, name) &&
      isEqual((left as JsonObject)[name]!, (right as JsonObject)[name]!),
  );
}

/** One pass over a large array: equal items have equal keys, whatever their spelling or order. */
export function hasUniqueItems(items: readonly JsonValue[]): boolean {
  if (items.length < 2) return true;
  const seen = new Set<JsonValue>();
  const seenKeys = new Set<string>();
  for (const item of items) {
    // Strings, ordinary numbers, booleans and null are their own keys; -0 is 0 to a Set.
    if (typeof item !== 'object' || item === null) {
      if (seen.has(item)) return false;
      seen.add(item);
    } else {
      const key = valueKey(item);
      if (seenKeys.has(key)) return false;
      seenKeys.add(key);
    }
  }
  return true;
}

function valueKey(value: JsonValue): string {
  if (isNumber(value)) return numberKey(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(valueKey).join(',')}]`;
  const object = value as JsonObject;
  const members = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${valueKey(object[name]!)}`);
  return `{${members.join(',')}}`;
}

function numberKey(value: number | ExactNumber): string {
  const decimal = decimalOf(value);
  return decimal === undefined ? String(value) : canonicalDecimal(decimal);
}
