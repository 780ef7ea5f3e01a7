import { ExactNumber, type JsonValue } from '../../json/index.ts';
import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import { escapeSegment } from '../document/pointer.ts';
import { setOwn } from './lexemes.ts';

/**
 * What a schema has against a value as a service reads it that computes in doubles: 1e-400 is no more
 * than 0 there, and 0.99999999999999999999 is 1. Whole numbers stay as they are, for they are read as
 * whole numbers where they matter; what is beyond all doubles is infinite for some, and refused.
 */
export function roundedViolations(
  value: JsonValue,
  validator: Validator,
): readonly SchemaViolation[] {
  const beyond: SchemaViolation[] = [];
  let isRounded = false;
  const rounded = (given: JsonValue, pointer: string): JsonValue => {
    if (given instanceof ExactNumber) {
      const double = Number(given.text);
      if (!Number.isFinite(double)) {
        beyond.push({ pointer, rule: 'number', expected: 'a number of at most 1.8e308 in size' });
      }
      if (isWhole(given.text)) return given;
      isRounded = true;
      return double;
    }
    if (typeof given !== 'object' || given === null) return given;
    if (Array.isArray(given)) return given.map((item, at) => rounded(item, `${pointer}/${at}`));
    const copy: Record<string, JsonValue> = {};
    for (const [name, member] of Object.entries(given)) {
      setOwn(copy, name, rounded(member, `${pointer}/${escapeSegment(name)}`));
    }
    return copy;
  };
  const whole = rounded(value, '');
  if (beyond.length > 0 || !isRounded) return beyond;
  return validator.validate(whole);
}

/** Without a fraction and without an exponent: what everybody reads as an integer. */
function isWhole(text: string): boolean {
  return /^-?\d+$/.test(text);
}
