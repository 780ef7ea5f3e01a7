import type { JsonValue } from '../json/index.ts';
import type { Unit } from './build-shapes.ts';
import { interpret } from './interpret.ts';
import { addressOf, type Location } from './locations.ts';
import { type Matcher, openMatcher } from './patterns/matcher.ts';
import { type Shape, TYPE_BITS } from './shape.ts';
import type { SchemaDiagnostic } from './types.ts';
import { readValue } from './value-text.ts';
import type { World } from './world.ts';

/** A `oneOf` and where it stands. */
export interface Alternatives {
  readonly shape: Shape;
  readonly location: Location;
}

/** Judgements spent on the search, and remarks it may make: it is a courtesy. */
const CHECKS_MAX = 20_000;
const REMARKS_MAX = 20;
const BRANCHES_MAX = 64;

/**
 * Values that fit two branches of `oneOf` are refused, which authors seldom mean. A small value is
 * made for each branch and held against the others: what is found is certain, what is not may exist.
 */
export function remarkOnOverlaps(
  alternatives: readonly Alternatives[],
  units: readonly Unit[],
  note: (diagnostic: SchemaDiagnostic) => void,
): void {
  const world = worldOf(units);
  let checks = 0;
  let remarks = 0;
  for (const { shape, location } of alternatives) {
    const branches = shape.oneOf ?? [];
    if (shape.discriminator !== undefined || branches.length > BRANCHES_MAX) continue;
    const pair = overlap(world, branches, () => ++checks > CHECKS_MAX);
    if (checks > CHECKS_MAX || remarks === REMARKS_MAX) return;
    if (pair === undefined) continue;
    remarks++;
    note({
      severity: 'warning',
      address: `${addressOf(location)}/oneOf`,
      message: `some values fit both branch ${pair[0]} and branch ${pair[1]} of this oneOf, and are refused`,
      suggestion: 'write anyOf, or let required members or a discriminator tell them apart',
    });
  }
}

function overlap(
  world: World,
  branches: readonly Shape[],
  isSpent: () => boolean,
): [number, number] | undefined {
  for (const [index, branch] of branches.entries()) {
    const value = sample(world, branch, 0);
    if (value === undefined || !fits(world, branch, value)) continue;
    for (const [other, rival] of branches.entries()) {
      if (isSpent()) return undefined;
      if (other !== index && fits(world, rival, value)) return [index, other];
    }
  }
  return undefined;
}

/** A pattern or a depth that is too costly proves nothing. */
function fits(world: World, shape: Shape, value: JsonValue): boolean {
  try {
    return interpret(world, shape, value);
  } catch {
    return false;
  }
}

const DEPTH_MAX = 5;
const PARTS_MAX = 40;

/** The plainest value of a schema; it need not be valid. */
function sample(world: World, shape: Shape, depth: number): JsonValue | undefined {
  const parts = partsOf(world, shape);
  const fixed = parts.find(({ constant, values }) => constant !== undefined || values?.length);
  const text = fixed?.constant ?? fixed?.values?.[0];
  if (text !== undefined) return world.value(text);
  if (depth > DEPTH_MAX || parts.some(({ never }) => never)) return undefined;
  const branch = parts.flatMap(({ oneOf, anyOf }) => oneOf ?? anyOf ?? [])[0];
  const types = parts.reduce(
    (held, { types: own }) => (own === undefined ? held : held & own),
    127,
  );
  const isTyped = parts.some(({ types: own }) => own !== undefined);
  if (!isTyped && branch !== undefined) return sample(world, branch, depth + 1);
  const has = (name: string) => (types & TYPE_BITS[name]!) !== 0;
  if (has('object')) return sampleObject(world, parts, depth);
  if (has('string')) {
    const length = Math.max(0, ...parts.map(({ minLength = 0 }) => minLength));
    return length > 1_000 ? undefined : 'a'.repeat(length);
  }
  if (has('integer') || has('number')) {
    const limit = parts.flatMap(({ limits }) => limits ?? [])[0]?.[1];
    return limit === undefined ? 1 : world.value(limit);
  }
  if (has('boolean')) return true;
  return has('array') ? [] : null;
}

function sampleObject(world: World, parts: readonly Shape[], depth: number): JsonValue {
  const members: [string, JsonValue][] = [];
  for (const name of new Set(parts.flatMap(({ required }) => required ?? []))) {
    const property = parts
      .flatMap(({ properties }) => properties ?? [])
      .find(([key]) => key === name);
    const value = property === undefined ? 1 : sample(world, property[1], depth + 1);
    members.push([name, value ?? null]);
  }
  return Object.fromEntries(members);
}

/** The schema with all that it requires besides. */
function partsOf(world: World, shape: Shape): Shape[] {
  const parts: Shape[] = [];
  const waiting = [shape];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (parts.includes(at) || parts.length === PARTS_MAX) continue;
    parts.push(at);
    waiting.push(...(at.refs ?? []).map((unit) => world.shape(unit)), ...(at.allOf ?? []));
  }
  return parts;
}

function worldOf(units: readonly Unit[]): World {
  const matchers = new Map<unknown, Matcher>();
  const world: World = {
    check: (unit, value) => interpret(world, units[unit]!.shape, value),
    shape: (unit) => units[unit]!.shape,
    pattern(spec) {
      let matcher = matchers.get(spec);
      if (matcher === undefined) matchers.set(spec, (matcher = openMatcher(spec)));
      return matcher;
    },
    value: readValue,
  };
  return world;
}
