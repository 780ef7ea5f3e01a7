import { ExactNumber, type JsonValue, parseJsonText } from '../json/index.ts';
import { entryKey } from './entry-key.ts';
import { Findings } from './findings.ts';
import { formatCheck } from './formats/index.ts';
import { findIgnored } from './ignored.ts';
import { interpret } from './interpret.ts';
import { escapeStep } from './locations.ts';
import { findLookAlikes } from './look-alikes.ts';
import { narrow } from './narrowed.ts';
import { type Matcher, openMatcher } from './patterns/matcher.ts';
import type { PatternSpec } from './patterns/pattern-spec.ts';
import { onAccountOf, PatternWorkExceeded, presentAccount } from './patterns/work.ts';
import { deeperChildren, inPlaceChildren, type Shape, type UnitIndex } from './shape.ts';
import type {
  CompiledSchemas,
  Direction,
  LookAlike,
  SchemaAddress,
  SchemaViolation,
  Validator,
} from './types.ts';
import { findUndocumented } from './undocumented.ts';
import { findUnlisted } from './unlisted.ts';
import { readValue } from './value-text.ts';
import {
  codePoints,
  hasUniqueItems,
  isEqual,
  isInteger,
  isMultipleOf,
  isObject,
  keepsLimit,
  memberOf,
} from './values.ts';
import type { World } from './world.ts';

const VIOLATIONS_MAX = 16;
const NONE: readonly SchemaViolation[] = Object.freeze([]);
const NO_LOOK_ALIKES: readonly LookAlike[] = Object.freeze([]);
const NO_POINTERS: readonly string[] = Object.freeze([]);

export interface LinkedSchemas {
  validator(address: SchemaAddress, direction: Direction): Validator;
}

/** Makes compiled schemas callable. Each unit's source is evaluated when it is first needed. */
export function linkSchemas(
  compiled: CompiledSchemas,
  limits: { violationsMax?: number } = {},
): LinkedSchemas {
  const world = openWorld(compiled.units);
  const violationsMax = limits.violationsMax ?? VIOLATIONS_MAX;
  let cuttingUnits: ReadonlySet<number> | undefined;
  let floatUnits: ReadonlySet<number> | undefined;
  return {
    validator(address, direction) {
      const key = entryKey({ address, direction });
      if (!Object.hasOwn(compiled.entries, key)) throw new Error(`no compiled schema ${key}`);
      const unit = compiled.entries[key]!;
      return openValidator(world, unit, violationsMax, {
        isAnswer: direction === 'response',
        cuts: (cuttingUnits ??= new Set(compiled.cutting)).has(unit),
        hasFloats: (floatUnits ??= new Set(compiled.floats)).has(unit),
        reportsFormats: compiled.reportsFormats ?? false,
      });
    },
  };
}

interface Manner {
  readonly isAnswer: boolean;
  readonly cuts: boolean;
  readonly hasFloats: boolean;
  readonly reportsFormats: boolean;
}

function openValidator(
  world: LinkedWorld,
  unit: UnitIndex,
  violationsMax: number,
  { isAnswer, cuts, hasFloats, reportsFormats }: Manner,
): Validator {
  const entry = world.unit(unit);
  const validate = (value: JsonValue): readonly SchemaViolation[] => {
    try {
      if (entry.check(value)) return NONE;
      const findings = new Findings(violationsMax);
      interpret(world, world.shape(unit), value, null, findings);
      const { violations } = findings;
      return violations.length > 0 ? violations : [{ pointer: '', rule: 'schema' }];
    } catch (fault) {
      return [{ pointer: '', rule: limitReached(fault) }];
    } finally {
      world.forget();
    }
  };
  const undocumented = (value: JsonValue): readonly string[] => {
    try {
      return findUndocumented(world, unit, value);
    } catch (fault) {
      limitReached(fault);
      // Too much to tell: nothing of it counts as documented.
      return isObject(value) ? Object.keys(value).map((name) => `/${escapeStep(name)}`) : [];
    } finally {
      world.forget();
    }
  };
  return {
    validate: (value) => onAccountOf(presentAccount(), () => validate(value)),
    undocumented: (value) => onAccountOf(presentAccount(), () => undocumented(value)),
    lookAlikes(value) {
      if (isAnswer) return NO_LOOK_ALIKES;
      return onAccountOf(presentAccount(), () => {
        try {
          return findLookAlikes(world, unit, value);
        } catch (fault) {
          return [{ pointer: '', listed: limitReached(fault) }];
        } finally {
          world.forget();
        }
      });
    },
    unlisted(value, pointers) {
      if (isAnswer) return NO_POINTERS;
      return onAccountOf(presentAccount(), () => {
        try {
          return findUnlisted(world, unit, value, pointers);
        } catch (fault) {
          limitReached(fault);
          return pointers;
        } finally {
          world.forget();
        }
      });
    },
    ignored(value) {
      if (!cuts) return NO_POINTERS;
      return onAccountOf(presentAccount(), () => {
        try {
          return findIgnored(world, unit, value);
        } finally {
          world.forget();
        }
      });
    },
    narrowed(value, hasExact) {
      const roundsFloats = hasFloats && !isAnswer;
      if (!hasExact && !roundsFloats) return NONE;
      return onAccountOf(presentAccount(), () => {
        try {
          const { value: held, beyond } = narrow(world, unit, value, roundsFloats);
          return beyond.length > 0 || held === undefined ? beyond : validate(held);
        } catch (fault) {
          return [{ pointer: '', rule: limitReached(fault) }];
        } finally {
          world.forget();
        }
      });
    },
    remarks(value) {
      if (!reportsFormats) return NONE;
      return onAccountOf(presentAccount(), () => {
        try {
          const findings = new Findings(violationsMax, true);
          interpret(world, world.shape(unit), value, null, findings);
          return findings.violations;
        } catch (fault) {
          return [{ pointer: '', rule: limitReached(fault) }];
        } finally {
          world.forget();
        }
      });
    },
  };
}

/** What may end a judgement early: both stand for a value that must not pass. */
function limitReached(fault: unknown): 'depth' | 'pattern-work' {
  if (fault instanceof RangeError) return 'depth';
  if (fault instanceof PatternWorkExceeded) return 'pattern-work';
  throw fault;
}

interface LinkedUnit {
  check(value: JsonValue): boolean;
  readonly shapeText: string;
}

export interface LinkedWorld extends World {
  unit(index: UnitIndex): { check(value: JsonValue): boolean };
  /** Drops what was remembered about the values of one call. */
  forget(): void;
}

type Check = (value: JsonValue) => boolean;

export function openWorld(sources: CompiledSchemas['units']): LinkedWorld {
  const units: (LinkedUnit | undefined)[] = [];
  const shapes: (Shape | undefined)[] = [];
  const parts = new Map<Shape, Map<number, Shape>>();
  const matchers = new Map<string, Matcher>();
  const specMatchers = new WeakMap<PatternSpec, Matcher>();
  const values = new Map<string, JsonValue>();
  const memories: Map<JsonValue, boolean>[] = [];

  function unit(index: UnitIndex): LinkedUnit {
    const known = units[index];
    if (known !== undefined) return known;
    const lazy = {
      shapeText: '',
      check(value: JsonValue): boolean {
        evaluate(index, lazy);
        return lazy.check(value);
      },
    };
    units[index] = lazy;
    return lazy;
  }

  function evaluate(index: UnitIndex, lazy: { check: Check; shapeText: string }): void {
    if (lazy.shapeText !== '') return;
    const runtime = { ...shared, self: index };
    const made = new Function('rt', sources.at(index)!)(runtime) as { check: Check; shape: string };
    lazy.check = made.check;
    lazy.shapeText = made.shape;
  }

  function shapeOf(index: UnitIndex): Shape {
    const known = shapes[index];
    if (known !== undefined) return known;
    const linked = unit(index);
    evaluate(index, linked as { check: Check; shapeText: string });
    const shape = parseJsonText(linked.shapeText) as Shape;
    shapes[index] = shape;
    return shape;
  }

  function partOf(index: UnitIndex, id: number): Shape {
    const root = shapeOf(index);
    let all = parts.get(root);
    if (all === undefined) parts.set(root, (all = partsById(root)));
    return all.get(id)!;
  }

  function matcher(text: string): Matcher {
    let found = matchers.get(text);
    if (found === undefined) {
      found = openMatcher(parseJsonText(text) as PatternSpec);
      matchers.set(text, found);
    }
    return found;
  }

  const world: LinkedWorld = {
    unit,
    check: (index, value) => unit(index).check(value),
    shape: shapeOf,
    pattern(spec) {
      let found = specMatchers.get(spec);
      if (found === undefined) {
        found = matcher(JSON.stringify(spec));
        specMatchers.set(spec, found);
      }
      return found;
    },
    value(text) {
      let found = values.get(text);
      if (found === undefined) {
        found = readValue(text);
        values.set(text, found);
      }
      return found;
    },
    forget() {
      for (const memory of memories) if (memory.size > 0) memory.clear();
    },
  };

  /** What generated source may touch. */
  const shared = {
    E: ExactNumber,
    isObject,
    isInteger,
    codePoints,
    isEqual,
    keepsLimit,
    isMultipleOf,
    own: memberOf,
    isUnique: hasUniqueItems,
    unit,
    value: world.value,
    pattern: matcher,
    format: (name: string, kind: 'string' | 'number') => formatCheck(name)![kind]!,
    interpret: (index: UnitIndex, id: number, value: JsonValue) =>
      interpret(world, partOf(index, id), value),
    remembering(check: Check): Check {
      const memory = new Map<JsonValue, boolean>();
      memories.push(memory);
      return remembered(check, memory);
    },
  };

  return world;
}

function partsById(root: Shape): Map<number, Shape> {
  const all = new Map<number, Shape>();
  const waiting = [root];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    all.set(at.id, at);
    waiting.push(...inPlaceChildren(at), ...deeperChildren(at));
  }
  return all;
}

/** Of an object or array, the check is made once a call: schemas may ask about it along many ways. */
function remembered(check: Check, memory: Map<JsonValue, boolean>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return check(value);
    let answer = memory.get(value);
    if (answer === undefined) {
      answer = check(value);
      memory.set(value, answer);
    }
    return answer;
  };
}
