import { nameLikeness, nameReadings } from '../likeness.ts';
import { finiteWords } from './patterns/finite-words.ts';
import type { PatternSpec } from './patterns/pattern-spec.ts';
import { inPlaceChildren, type Shape } from './shape.ts';
import { readValue } from './value-text.ts';
import type { World } from './world.ts';

/** Names of members that a schema speaks of. */
export interface KnownNames {
  readonly exact: ReadonlySet<string>;
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
    const exact = new Set<string>();
    const seen = new Set<Shape>();
    const waiting = [root];
    for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
      if (seen.has(shape)) continue;
      seen.add(shape);
      for (const name of ownNames(shape)) exact.add(name);
      waiting.push(
        ...inPlaceChildren(shape),
        ...(shape.refs ?? []).map((unit) => world.shape(unit)),
      );
    }
    names = { exact, byLikeness: new Map([...exact].map((name) => [nameLikeness(name), name])) };
    known.set(root, names);
  }
  return names;
}

/** Of names by their likeness, the one that some service takes this name for. */
export function listedLike(
  byLikeness: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  if (byLikeness.size === 0) return undefined;
  return nameReadings(name)
    .map((text) => byLikeness.get(text))
    .find((text) => text !== undefined);
}

/** Those that it speaks of itself. */
export function ownNames(shape: Shape): string[] {
  const { properties, patternProperties, required, dependentRequired, dependentSchemas } = shape;
  const names = [...(required ?? [])];
  for (const [name] of properties ?? []) names.push(name);
  for (const [pattern] of patternProperties ?? []) names.push(...literalNames(pattern));
  for (const [name, others] of dependentRequired ?? []) names.push(name, ...others);
  for (const [name] of dependentSchemas ?? []) names.push(name);
  if (shape.discriminator !== undefined) names.push(shape.discriminator.property);
  if (shape.propertyNames?.not !== undefined) names.push(...valuesOf(shape.propertyNames.not));
  return names;
}

/** Names that may not be: of `{"not": {"enum": ["admin"]}}`, `Admin` is no other name. */
function valuesOf({ values = [], constant, pattern }: Shape): string[] {
  const words = pattern === undefined ? [] : literalNames(pattern);
  const written = [...values, ...(constant === undefined ? [] : [constant])].flatMap((text) => {
    const value = readValue(text);
    return typeof value === 'string' ? [value] : [];
  });
  return [...written, ...words];
}

/** `^x$` and `^(a|b)s?$` are names, and no patterns. */
function literalNames(pattern: PatternSpec): readonly string[] {
  return pattern.kind === 'native' ? (finiteWords(pattern.source) ?? []) : [];
}
