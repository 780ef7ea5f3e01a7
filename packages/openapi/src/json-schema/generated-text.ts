import { decimalOf } from '../json/index.ts';
import { formatCheck } from './formats/index.ts';
import { quote } from './quote.ts';
import { readValue } from './value-text.ts';

/** How generated code compares a number with its limit. */
export const OPERATORS = {
  minimum: '>=',
  maximum: '<=',
  exclusiveMinimum: '>',
  exclusiveMaximum: '<',
} as const;

export const hasFormat = (name: string, kind: 'string' | 'number'): boolean =>
  formatCheck(name)?.[kind] !== undefined;

export const wrap = (expression: string): string => `(${expression})`;

export function unless(expression: string): string {
  return expression === 'true' ? '' : `if (!(${expression})) return false;\n`;
}

/** Strings, booleans, null and numbers a double carries compare with ===. */
export function isPlain(text: string): boolean {
  const value = readValue(text);
  return typeof value !== 'object' || value === null;
}

export function literal(text: string): string {
  const value = readValue(text);
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' && decimalOf(value)?.digits === '' ? '0' : String(value);
}

/** A name that Object.prototype bears must be looked up as an own member. */
export function read(v: string, name: string): string {
  return name in Object.prototype ? `own(${v}, ${quote(name)})` : `${v}[${quote(name)}]`;
}
