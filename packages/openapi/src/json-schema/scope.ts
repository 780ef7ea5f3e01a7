import { addressOf, type Location, type Resource } from './locations.ts';
import type { Registry } from './registry.ts';
import type { Direction } from './types.ts';

/**
 * What a schema's meaning depends on besides its text. Each distinct scope gets its own unit, so
 * that nothing of it is left to decide when an instance arrives.
 */
export interface Scope {
  readonly direction: Direction;
  /** $dynamicAnchor name → the outermost schema that bears it. */
  readonly dynamic: ReadonlyMap<string, Location>;
  /** Parents whose discriminator has already chosen the schema we are in. */
  readonly dispatched: readonly string[];
  /** Names that need not be present in this direction, though `required` lists them. */
  readonly exempt: readonly string[];
}

export const emptyScope = (direction: Direction): Scope => ({
  direction,
  dynamic: new Map(),
  dispatched: [],
  exempt: [],
});

/** The same schema in the same scope is the same unit. */
export function keyOf(location: Location, scope: Scope): string {
  const dynamic = [...scope.dynamic].map(([name, at]) => [name, addressOf(at)]);
  const { direction, dispatched, exempt } = scope;
  return JSON.stringify([addressOf(location), direction, dispatched, exempt, dynamic]);
}

/** The dynamic scope keeps the outermost bearer of each name (2020-12 core §8.2.3.2). */
export function enterResource(scope: Scope, resource: Resource, registry: Registry): Scope {
  let dynamic: Map<string, Location> | undefined;
  for (const [name, at] of resource.dynamicAnchors) {
    if (scope.dynamic.has(name) || !registry.dynamicNames.has(name)) continue;
    dynamic ??= new Map(scope.dynamic);
    dynamic.set(name, at);
  }
  return dynamic === undefined ? scope : { ...scope, dynamic };
}
