import { inWords, nameLikeness, nameReadings, nameWritings, outerReadings } from '../likeness.ts';
import type { PatternSpec, PatternWord } from './patterns/pattern-spec.ts';
import { inPlaceChildren, type Shape } from './shape.ts';
import { readValue } from './value-text.ts';
import type { World } from './world.ts';

/** Names of members that schemas speak of. */
export interface KnownNames {
  has(name: string): boolean;
  /** By what services may take for them. */
  readonly byLikeness: ReadonlyMap<string, string>;
}

const known = new WeakMap<Shape, KnownNames>();

/**
 * All that a schema says of an object by name, also in branches that a value does not fit and in
 * conditions that it does not meet: a service has one class for all of them.
 */
export function knownNames(world: World, root: Shape): KnownNames {
  let names = known.get(root);
  if (names === undefined) {
    names = namesOf(world, inPlaceOf(world, root));
    known.set(root, names);
  }
  return names;
}

/** Those that these schemas speak of themselves. */
export function namesOf(world: World, shapes: Iterable<Shape>): KnownNames {
  const own = [...shapes].map((shape) => ownNames(world, shape));
  const exact = new Set(own.flatMap(({ names }) => names));
  const patterns = own.flatMap((one) => one.patterns);
  const words = patterns.flatMap(({ words = [] }) => words.map(({ text }) => text));
  return {
    has: (name) => exact.has(name) || patterns.some((pattern) => world.pattern(pattern).test(name)),
    byLikeness: new Map([...exact, ...words].map((name) => [nameLikeness(name), name])),
  };
}

/** Of names by their likeness, the one that some service takes this name for. */
export function listedLike(
  byLikeness: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  return byLikeness.size === 0 ? undefined : foundIn(byLikeness, nameReadings(name));
}

/** The one that some service takes this name for a path into, or for a part of. */
export function listedAround(
  byLikeness: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  return byLikeness.size === 0 ? undefined : foundIn(byLikeness, outerReadings(name));
}

function foundIn(byLikeness: ReadonlyMap<string, string>, readings: readonly string[]) {
  return readings.map((text) => byLikeness.get(text)).find((text) => text !== undefined);
}

/** Whether a schema speaks of any name. */
export function speaksOfNames(world: World, shape: Shape): boolean {
  const { names, patterns } = ownNames(world, shape);
  return names.length > 0 || patterns.length > 0;
}

interface OwnNames {
  readonly names: readonly string[];
  /** Such as `^x$` and `^(a|b)s?$`, which are names. */
  readonly patterns: readonly PatternSpec[];
}

function ownNames(world: World, shape: Shape): OwnNames {
  const { properties, patternProperties, required, dependentRequired, dependentSchemas } = shape;
  const names = [...(required ?? [])];
  for (const [name] of properties ?? []) names.push(name);
  for (const [name, others] of dependentRequired ?? []) names.push(name, ...others);
  for (const [name] of dependentSchemas ?? []) names.push(name);
  if (shape.discriminator !== undefined) names.push(shape.discriminator.property);
  const patterns = (patternProperties ?? []).map(([pattern]) => pattern);
  // Names that may not be: of `{"not": {"enum": ["admin"]}}`, `Admin` is no other name.
  for (const part of shape.propertyNames === undefined
    ? []
    : inPlaceOf(world, shape.propertyNames)) {
    names.push(...textsOf(part));
    if (part.pattern !== undefined) patterns.push(part.pattern);
  }
  return { names, patterns: patterns.filter(isOfNames) };
}

function textsOf({ values = [], constant }: Shape): string[] {
  const written = [...values, ...(constant === undefined ? [] : [constant])];
  return written.map(readValue).filter((value) => typeof value === 'string');
}

const isOfNames = ({ words = [] }: PatternSpec): boolean =>
  words.length > 0 && words.every(({ at }) => at === 'whole');

/** A schema with all that it applies to the same value. */
function inPlaceOf(
  world: World,
  root: Shape,
  childrenOf: (shape: Shape) => readonly Shape[] = inPlaceChildren,
): Set<Shape> {
  const seen = new Set<Shape>();
  const waiting = [root];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (seen.has(shape)) continue;
    seen.add(shape);
    waiting.push(...childrenOf(shape), ...(shape.refs ?? []).map((unit) => world.shape(unit)));
  }
  return seen;
}

const forbidden = new WeakMap<Shape, readonly PatternWord[]>();

/**
 * What no name may have, where a pattern of a few words says so: `^admin` with false behind it, or within `not`. The
 * word is told that another writing of the name has.
 */
export function forbiddenIn(world: World, shape: Shape, name: string): string | undefined {
  let words = forbidden.get(shape);
  if (words === undefined) {
    words = forbiddenWords(world, shape).filter(({ text }) => WORD.test(text));
    forbidden.set(shape, words);
  }
  if (words.length === 0) return undefined;
  const writings = nameWritings(name);
  return words.find((word) => writings.some((writing) => hasWord(writing, word)))?.text;
}

/** What has fewer letters says how names are written, and names nothing. */
const WORD = /\p{L}{2}/u;

function hasWord(
  { text, isJoined }: ReturnType<typeof nameWritings>[number],
  { text: word, at }: PatternWord,
): boolean {
  // Letters of two words that meet are no word.
  if (isJoined && (at === 'end' || at === 'anywhere')) return false;
  return [word.toLowerCase(), ...(isJoined ? [] : [inWords(word)])].some((sought) => {
    if (at === 'whole') return text === sought;
    if (at === 'start') return text.startsWith(sought);
    return at === 'end' ? text.endsWith(sought) : text.includes(sought);
  });
}

function forbiddenWords(world: World, root: Shape): PatternWord[] {
  const all = ({ allOf = [] }: Shape) => allOf;
  return [...inPlaceOf(world, root, all)].flatMap(({ patternProperties = [], propertyNames }) => {
    const refused = patternProperties
      .filter(([, shape]) => allowsNothing(shape))
      .flatMap(([{ words = [] }]) => words);
    const names = propertyNames === undefined ? [] : [...inPlaceOf(world, propertyNames, all)];
    const excluded = names.flatMap(({ pattern, not }) => [
      ...(pattern?.excluded ?? []),
      ...(not === undefined ? [] : patternsAlone(world, not).flatMap(({ words = [] }) => words)),
    ]);
    return [...refused, ...excluded];
  });
}

const allowsNothing = ({ never, not }: Shape): boolean =>
  never === true || (not !== undefined && Object.keys(not).length === 1);

/** Of a schema that is nothing but these patterns, or one of them. */
function patternsAlone(world: World, root: Shape): PatternSpec[] {
  const any = ({ anyOf = [], oneOf = [] }: Shape) => [...anyOf, ...oneOf];
  return [...inPlaceOf(world, root, any)].flatMap(({ pattern, ...rest }) => {
    const isAlone = Object.keys(rest).every((name) => name === 'id' || name === 'types');
    return pattern !== undefined && isAlone ? [pattern] : [];
  });
}
