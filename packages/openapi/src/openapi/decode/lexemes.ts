import { Buffer } from 'node:buffer';
import { type JsonBounds, type JsonValue, readJson } from '../../json/index.ts';
import type { Shape } from '../plan.ts';

/** Values in parameters and form fields are short; what is longer belongs into a JSON body. */
export const FIELD_BOUNDS: JsonBounds = {
  depthMax: 32,
  stringLengthMax: 1_000_000,
  itemsMax: 10_000,
};

/** The JSON grammar and nothing wider: no blanks, signs, leading zeros, hex or names. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const NUMBER_LENGTH_MAX = 1_000;
/** `900e-2` is 9 to whoever reads numbers, and 900 to whoever reads the digits up to another sign. */
const WHOLE = /^-?(?:0|[1-9][0-9]*)(?:\.0+)?$/;

/** What a text may mean under a shape, likeliest first; never empty. */
export function readingsOf(text: string, shape: Shape): JsonValue[] {
  const { types } = shape;
  if (types === null || (types.length === 1 && types[0] === 'string')) return [text];
  const readings: JsonValue[] = [];
  for (const type of types) {
    if (type === 'null' && text === '') readings.push(null);
    else if (type === 'boolean' && text === 'true') readings.push(true);
    else if (type === 'boolean' && text === 'false') readings.push(false);
    else if (type === 'number') {
      const value = shape.isWhole && !WHOLE.test(text) ? undefined : readNumber(text);
      if (value !== undefined) readings.push(value);
    }
  }
  // As text last; where no reading fits, the validator names the broken type.
  if (readings.length === 0 || types.includes('string')) readings.push(text);
  return readings;
}

function readNumber(text: string): JsonValue | undefined {
  if (text.length > NUMBER_LENGTH_MAX || !NUMBER.test(text)) return undefined;
  const isPlainInteger = text.length <= 15 && !/[.eE]/.test(text) && text !== '-0';
  if (isPlainInteger) return Number(text);
  const reading = readJson(Buffer.from(text, 'latin1'), FIELD_BOUNDS);
  return reading.ok ? reading.value : undefined;
}

/** Percent-decoding that refuses broken escapes and broken UTF-8. */
export function decodePercent(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** As HTML forms write, and upstreams read, queries: '+' is a blank. */
export function decodeForm(raw: string): string | undefined {
  return decodePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
}

/** Header values are not percent-encoded. */
export function decodeHeader(raw: string): string | undefined {
  return raw;
}

export function setOwn(target: object, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else (target as Record<string, JsonValue>)[key] = value;
}
