import { addressOf, isRecord, type Location, own } from './locations.ts';
import type { Registry } from './registry.ts';
import type { Forbidden } from './shape.ts';
import { type CompileOptions, type Direction, hidesBesideReference } from './types.ts';

/**
 * The keyword that keeps a property out of this direction, looked for through $ref and allOf. The
 * direction 'neither' asks whether any direction would.
 */
export function forbiddenRule(
  registry: Registry,
  property: Location,
  direction: Direction,
  options: CompileOptions,
): Forbidden | undefined {
  for (const { node } of conjunction(registry, property, options)) {
    if (own(node, 'readOnly') === true && direction !== 'response') return 'readOnly';
    if (own(node, 'writeOnly') === true && direction !== 'request') return 'writeOnly';
  }
  return undefined;
}

/** Properties that a conjunction of schemas declares and this direction forbids. */
export function forbiddenNames(
  registry: Registry,
  schema: Location,
  direction: Direction,
  options: CompileOptions,
): Set<string> {
  const names = new Set<string>();
  for (const at of conjunction(registry, schema, options)) {
    const properties = own(at.node, 'properties');
    if (!isRecord(properties)) continue;
    for (const name of Object.keys(properties)) {
      const property = registry.child(at, 'properties', name);
      if (forbiddenRule(registry, property, direction, options) !== undefined) names.add(name);
    }
  }
  return names;
}

/** The schema and all that it requires besides: its $ref and allOf, followed to the end. */
export function conjunction(
  registry: Registry,
  from: Location,
  options: CompileOptions,
): Location[] {
  let known = conjunctions.get(registry);
  if (known === undefined) conjunctions.set(registry, (known = new Map()));
  const key = addressOf(from);
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = findConjunction(registry, from, options)));
  return found;
}

/** Asked for every property of every schema, so each answer is kept as long as its registry. */
const conjunctions = new WeakMap<Registry, Map<string, Location[]>>();

function findConjunction(registry: Registry, from: Location, options: CompileOptions): Location[] {
  const found = new Map<string, Location>();
  const waiting = [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (!isRecord(at.node) || found.has(addressOf(at))) continue;
    const ref = own(at.node, '$ref');
    if (typeof ref === 'string') {
      const target = registry.resolve(ref, at.resource);
      if (target !== undefined) waiting.push(target);
      if (hidesBesideReference(options)) {
        found.set(addressOf(at), { ...at, node: { $ref: ref } });
        continue;
      }
    }
    found.set(addressOf(at), at);
    const all = own(at.node, 'allOf');
    if (!Array.isArray(all)) continue;
    for (let i = 0; i < all.length; i++) waiting.push(registry.child(at, 'allOf', String(i)));
  }
  return [...found.values()];
}
