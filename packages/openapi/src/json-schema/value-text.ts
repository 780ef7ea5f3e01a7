import { ExactNumber, type JsonValue } from '../json/index.ts';
import { parseStrictly } from '../json/strict-parser.ts';

/**
 * JSON text of a schema's value, exact numbers included; undefined for what JSON cannot say
 * (a YAML alias loop, NaN, a date, half of a surrogate pair).
 */
export function writeValue(value: unknown, depth = 0): string | undefined {
  if (depth > VALUE_DEPTH_MAX) return undefined;
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => writeValue(item, depth + 1));
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  }
  if (typeof value !== 'object') return undefined;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    const key = writeText(name);
    const text = writeValue(member, depth + 1);
    if (key === undefined || text === undefined) return undefined;
    members.push(`${key}:${text}`);
  }
  return `{${members.join(',')}}`;
}

function writeText(text: string): string | undefined {
  return text.isWellFormed() ? JSON.stringify(text) : undefined;
}

const VALUE_DEPTH_MAX = 200;
const UNBOUNDED = { depthMax: VALUE_DEPTH_MAX + 1, stringLengthMax: 2 ** 30, itemsMax: 2 ** 30 };

export function readValue(text: string): JsonValue {
  const reading = parseStrictly(text, UNBOUNDED);
  if (!reading.ok) throw new Error(`reading a schema value: ${reading.rule} at ${reading.at}`);
  return reading.value;
}
