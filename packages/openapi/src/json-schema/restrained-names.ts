import type { JsonValue } from '../json/index.ts';
import { type Path, pointerOf } from './findings.ts';
import {
  type KnownNames,
  listedAround,
  listedLike,
  namesOf,
  speaksOfNames,
} from './known-names.ts';
import { deeperChildren, inPlaceChildren, linkedUnits, type Shape } from './shape.ts';
import type { LookAlike } from './types.ts';
import { isObject } from './values.ts';
import { listedProperties } from './walk-members.ts';
import type { World } from './world.ts';

/**
 * What a schema says of one place of a value: `carriers` describe it, or may, in some alternative;
 * `restraints` stand within `not`, `if` or `contains`, and say what must not be, must be together, or is counted.
 */
interface Place {
  readonly carriers: ReadonlySet<Shape>;
  readonly restraints: ReadonlySet<Shape>;
  /** Of members, all that are spoken of. */
  readonly names: KnownNames;
  /** Those that restraints speak of. */
  readonly restrained: KnownNames;
  /** Places below that were looked at: of members spoken of by name, and of items, by their position. */
  readonly below: Map<string | number, Place>;
}

/**
 * Members whose names resemble those of which only a restraint speaks, below the object that it restrains: of
 * `{"not": {"properties": {"user": {"required": ["admin"]}}}}`, `Admin` in the user. No schema is in force
 * there for a value that keeps to the restraint, as long as nobody takes the one name for the other.
 */
export function findRestrainedNames(world: World, root: Shape, value: JsonValue): LookAlike[] {
  if (!hasRestraintsBelow(world, root)) return [];
  const found: LookAlike[] = [];
  const look = (place: Place, within: JsonValue, path: Path | null): void => {
    if (Array.isArray(within)) {
      within.forEach((item, index) => {
        if (!isComposite(item)) return;
        look(itemPlace(world, place, index), item, { parent: path, step: index });
      });
    } else if (isObject(within)) {
      for (const name of Object.keys(within)) {
        const isSpokenOf = place.names.has(name);
        const { byLikeness } = place.restrained;
        const listed = isSpokenOf
          ? undefined
          : (listedLike(byLikeness, name) ?? listedAround(byLikeness, name));
        const at = { parent: path, step: name };
        if (listed !== undefined) found.push({ pointer: pointerOf(at), listed });
        else if (isComposite(within[name]!))
          look(memberPlace(world, place, name), within[name]!, at);
      }
    }
  };
  look(placeOf(world, [root], []), value, null);
  return found;
}

function placeOf(world: World, carriers: Iterable<Shape>, restraints: Iterable<Shape>): Place {
  const waiting: Shape[] = [...restraints];
  const carrying = closure(world, carriers, (shape) => {
    const restraining = [shape.not, shape.if].filter((part) => part !== undefined);
    waiting.push(...restraining);
    return inPlaceChildren(shape).filter((part) => !restraining.includes(part));
  });
  const restraining = closure(world, waiting, inPlaceChildren);
  return {
    carriers: carrying,
    restraints: restraining,
    names: namesOf(world, [...carrying, ...restraining]),
    restrained: namesOf(world, restraining),
    below: new Map(),
  };
}

function closure(
  world: World,
  seeds: Iterable<Shape>,
  childrenOf: (shape: Shape) => readonly Shape[],
): Set<Shape> {
  const found = new Set<Shape>();
  const waiting = [...seeds];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    if (found.has(shape)) continue;
    found.add(shape);
    waiting.push(...childrenOf(shape), ...linkedUnits(shape).map((unit) => world.shape(unit)));
  }
  return found;
}

function memberPlace(world: World, place: Place, name: string): Place {
  const partsOf = (shape: Shape): Shape[] => {
    const property = listedProperties(shape).get(name);
    const patterned = (shape.patternProperties ?? [])
      .filter(([pattern]) => world.pattern(pattern).test(name))
      .map(([, part]) => part);
    const own = property === undefined ? patterned : [property, ...patterned];
    if (own.length > 0) return own;
    return [shape.additionalProperties, shape.unevaluatedProperties].filter(
      (part) => part !== undefined,
    );
  };
  const known = place.below.get(name);
  if (known !== undefined) return known;
  const { carriers, restraints } = place;
  const below = placeOf(world, [...carriers].flatMap(partsOf), [...restraints].flatMap(partsOf));
  if (place.names.has(name)) place.below.set(name, below);
  return below;
}

/** Behind the positions that a schema speaks of, items have one place. */
function itemPlace(world: World, { carriers, restraints, below }: Place, index: number): Place {
  const shapes = [...carriers, ...restraints];
  const positions = Math.max(0, ...shapes.map(({ prefixItems = [] }) => prefixItems.length));
  const position = Math.min(index, positions);
  const known = below.get(position);
  if (known !== undefined) return known;
  const partsOf = (shape: Shape): Shape[] => {
    const part = shape.prefixItems?.[index] ?? shape.items ?? shape.unevaluatedItems;
    return part === undefined ? [] : [part];
  };
  const counted = shapes.flatMap(({ contains }) =>
    contains === undefined ? [] : [contains.shape],
  );
  const restraining = [...[...restraints].flatMap(partsOf), ...counted];
  const place = placeOf(world, [...carriers].flatMap(partsOf), restraining);
  below.set(position, place);
  return place;
}

const isComposite = (value: JsonValue): boolean => Array.isArray(value) || isObject(value);

const restrainedBelow = new WeakMap<Shape, boolean>();

/** Whether any restraint that it leads to speaks of names below: most speak of the members of one object alone. */
function hasRestraintsBelow(world: World, root: Shape): boolean {
  let known = restrainedBelow.get(root);
  if (known === undefined) {
    const all = (shape: Shape) => [...inPlaceChildren(shape), ...deeperChildren(shape)];
    const below = [...closure(world, [root], all)].flatMap((shape) => [
      ...[shape.not, shape.if].flatMap((part) =>
        part === undefined
          ? []
          : [...closure(world, [part], inPlaceChildren)].flatMap(deeperChildren),
      ),
      ...(shape.contains === undefined ? [] : [shape.contains.shape]),
    ]);
    known = [...closure(world, below, all)].some((shape) => speaksOfNames(world, shape));
    restrainedBelow.set(root, known);
  }
  return known;
}
