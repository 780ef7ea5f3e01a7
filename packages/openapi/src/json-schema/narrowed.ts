import { ExactNumber, type JsonValue } from '../json/index.ts';
import { type Path, pointerOf } from './findings.ts';
import type { NumberRule, Shape, UnitIndex } from './shape.ts';
import type { SchemaViolation } from './types.ts';
import { isEqual, isNumber, isObject } from './values.ts';
import { applicable, itemShapes, memberShapes } from './walk-members.ts';
import type { World } from './world.ts';

export interface Narrowed {
  /** The value as services hold it; undefined where they hold what is written. */
  readonly value: JsonValue | undefined;
  /** Numbers that are infinite there. */
  readonly beyond: readonly SchemaViolation[];
}

/**
 * A value as a service reads it that computes in doubles, and in floats where the schema says so: 1e-400
 * is no more than 0 there, and 0.99999999 of `format: float` is 1. Whole numbers without that format stay
 * as they are, for they are read as whole numbers where they matter. A number that the schemas of its
 * place name is what is meant by whatever is rounded to the same.
 */
export function narrow(
  world: World,
  unit: UnitIndex,
  value: JsonValue,
  roundsFloats: boolean,
): Narrowed {
  const beyond: SchemaViolation[] = [];
  if (isPlain(value)) return { value: undefined, beyond };

  function copyOf(given: JsonValue, shapes: ReadonlySet<Shape>, path: Path | null): JsonValue {
    if (typeof given !== 'object' && typeof given !== 'number') return given;
    const inForce = applicable(world, shapes, given);
    if (isNumber(given)) return numberOf(given, inForce, path);
    if (Array.isArray(given)) {
      const copy = given.map((item, step) =>
        copyOf(item, itemShapes(world, inForce, item, step), { parent: path, step }),
      );
      return copy.some((item, index) => item !== given[index]) ? copy : given;
    }
    if (!isObject(given)) return given;
    let isChanged = false;
    const members = Object.entries(given).map(([step, member]): [string, JsonValue] => {
      const described = memberShapes(world, inForce, step) ?? NO_SHAPES;
      const copy = copyOf(member, described, { parent: path, step });
      isChanged ||= copy !== member;
      return [step, copy];
    });
    // Creates own members even for names such as __proto__.
    return isChanged ? Object.fromEntries(members) : given;
  }

  function numberOf(
    given: number | ExactNumber,
    inForce: ReadonlySet<Shape>,
    path: Path | null,
  ): number | ExactNumber {
    const double = given instanceof ExactNumber ? Number(given.text) : given;
    if (!Number.isFinite(double)) {
      const expected = 'a number of at most 1.8e308 in size';
      beyond.push({ pointer: pointerOf(path), rule: 'number', expected });
    }
    if (roundsFloats && hasFloat(inForce)) {
      if (typeof given === 'number' && isShort(given)) return given;
      // Half-way between two floats, it matters whether a service goes by way of a double.
      const floats = [double, double * (1 - Number.EPSILON), double * (1 + Number.EPSILON)].map(
        Math.fround,
      );
      const named = floats.map((float) => described(world, given, inForce, Math.fround, float));
      return named.find((value) => value !== undefined) ?? shortestFloat(floats[0] as number);
    }
    if (!(given instanceof ExactNumber) || isWhole(given.text)) return given;
    return described(world, given, inForce, Number, double) ?? double;
  }

  const copy = copyOf(value, new Set([world.shape(unit)]), null);
  return { value: copy === value ? undefined : copy, beyond };
}

const NO_SHAPES: ReadonlySet<Shape> = new Set();

function hasFloat(shapes: ReadonlySet<Shape>): boolean {
  for (const { format, isFormatReported } of shapes) {
    if (format === 'float' && !isFormatReported) return true;
  }
  return false;
}

/** The quick answer for most values: no number in it is another as a float. False only means that it may be. */
function isPlain(value: JsonValue): boolean {
  if (typeof value === 'number') return isShort(value);
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof ExactNumber) return false;
  if (Array.isArray(value)) return value.every(isPlain);
  for (const name in value) if (!isPlain(value[name] as JsonValue)) return false;
  return true;
}

/** Of six digits, a float keeps every one (FLT_DIG). */
function isShort(double: number): boolean {
  if (Number.isInteger(double) && Math.abs(double) < 1e6) return true;
  if (Math.abs(double) < 1e4 && Math.round(double * 100) / 100 === double) return true;
  const size = Math.abs(double);
  return (
    (size === 0 || (size > 1.2e-38 && size < 3.4e38)) && Number(double.toPrecision(6)) === double
  );
}

/** The least digits that no other float is nearer to, as languages print one. */
function shortestFloat(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
}

/** Without a fraction and without an exponent: what everybody reads as an integer. */
function isWhole(text: string): boolean {
  return /^-?\d+$/.test(text);
}

/**
 * The number that the schemas in force name, and that is rounded to the same; first that which is sent
 * itself, then one that may not be reached.
 */
function described(
  world: World,
  given: number | ExactNumber,
  inForce: ReadonlySet<Shape>,
  round: (value: number) => number,
  rounded: number,
): number | ExactNumber | undefined {
  const named: (number | ExactNumber)[] = [];
  const limits = [...inForce].flatMap((shape) => shape.limits ?? []);
  for (const [, text] of limits.toSorted(exclusiveFirst)) add(text);
  for (const { values = [], constant } of inForce) {
    for (const text of values) add(text);
    if (constant !== undefined) add(constant);
  }
  function add(text: string): void {
    const value = world.value(text);
    if (isNumber(value)) named.push(value);
  }
  const alike = named.filter((value) => round(asDouble(value)) === rounded);
  return alike.find((value) => isEqual(value, given)) ?? alike[0];
}

function exclusiveFirst([one]: [NumberRule, string], [other]: [NumberRule, string]): number {
  return Number(other.startsWith('exclusive')) - Number(one.startsWith('exclusive'));
}

function asDouble(value: number | ExactNumber): number {
  return typeof value === 'number' ? value : Number(value.text);
}
