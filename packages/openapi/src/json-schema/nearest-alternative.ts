import type { JsonValue } from '../json/index.ts';
import { allowsKind } from './allowed-types.ts';
import { expectedBy } from './expected.ts';
import { type Shape, TYPE_BITS } from './shape.ts';
import { isEqual, isObject } from './values.ts';
import { hasType, type World } from './world.ts';

const ALTERNATIVES_MAX = 50;
const MEMBERS_MAX = 50;
const HOPS_MAX = 4;

/**
 * The one alternative that can be meant by a value of this kind: null aside, which nobody means by
 * another value, it is the only one, or the only one that takes such values at all.
 */
export function onlyAlternative(
  world: World,
  alternatives: readonly Shape[],
  value: JsonValue,
): Shape | undefined {
  if (alternatives.length > ALTERNATIVES_MAX) return undefined;
  const others = alternatives.filter(
    (alternative) => resolved(world, alternative).types !== TYPE_BITS['null'],
  );
  if (others.length === 1 && value !== null) return others[0];
  // A text of a parameter may have been meant as a number or a flag.
  const kinds = typeof value === 'string' ? [value, 0, true] : [value];
  const fitting = alternatives.filter((alternative) =>
    kinds.some((kind) => allowsKind(world, alternative, kind)),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/**
 * Of alternatives that all failed, which one was most likely meant, and what it lacks, in words. Looks
 * at the value itself and at its members, no deeper: an explanation must not cost more than the check.
 */
export function nearestAlternative(
  world: World,
  alternatives: readonly Shape[],
  value: JsonValue,
): string | null {
  let nearest: {
    readonly number: number;
    readonly distance: number;
    readonly wants: string;
  } | null = null;
  for (const [index, alternative] of alternatives.slice(0, ALTERNATIVES_MAX).entries()) {
    const { distance, wants } = differenceOf(world, resolved(world, alternative), value);
    if (nearest === null || distance < nearest.distance) {
      nearest = { number: index + 1, distance, wants };
    }
  }
  return nearest === null ? null : `nearest is alternative ${nearest.number}: ${nearest.wants}`;
}

function resolved(world: World, shape: Shape): Shape {
  let at = shape;
  for (let hop = 0; hop < HOPS_MAX && at.types === undefined && at.refs?.length === 1; hop++) {
    at = world.shape(at.refs[0] as number);
  }
  return at;
}

function differenceOf(
  world: World,
  shape: Shape,
  value: JsonValue,
): { distance: number; wants: string } {
  if (shape.types !== undefined && !hasType(value, shape.types)) {
    return { distance: 1_000, wants: expectedBy(shape, 'type') ?? 'another type' };
  }
  if (!isObject(value)) return { distance: 1, wants: 'what it asks of the value' };
  for (const [name, member] of (shape.properties ?? []).slice(0, MEMBERS_MAX)) {
    if (!Object.hasOwn(value, name)) continue;
    const allowed = member.values ?? (member.constant === undefined ? null : [member.constant]);
    if (allowed === null) continue;
    if (allowed.some((text) => isEqual(world.value(text), value[name] as JsonValue))) continue;
    const words = expectedBy(member, member.values === undefined ? 'const' : 'enum') ?? '';
    return { distance: 500, wants: `${JSON.stringify(name)} to be ${words}` };
  }
  const missing = (shape.required ?? []).filter((name) => !Object.hasOwn(value, name));
  if (missing.length > 0) {
    const names = missing.slice(0, 3).map((name) => JSON.stringify(name));
    return { distance: 10 * missing.length, wants: `the member ${names.join(', ')}` };
  }
  return { distance: 1, wants: 'what it asks of the members' };
}
