import type { Part, ShapeBuilder } from './build-shapes.ts';
import { conjunction } from './forbidden.ts';
import { addressOf, escapeStep, isRecord, type Location, own, rootOf } from './locations.ts';
import type { Registry } from './registry.ts';
import type { UnitIndex } from './shape.ts';

const ALONE = 'write it beside the oneOf that lists them';

/**
 * OpenAPI's discriminator: a member whose value names the schema the object must satisfy.
 *
 * Beside oneOf or anyOf it names one of these alternatives. Alone, in a parent, it names one of
 * the components that extend the parent through allOf (or whatever `mapping` names). A name that
 * leads to no schema is a violation: OAS 3.1.1 §4.8.25, "validation SHOULD fail".
 */
export function discriminate(builder: ShapeBuilder, part: Part): void {
  const { report, registry } = builder;
  const { location, keywords, scope, shape } = part;
  const discriminator = keywords.get('discriminator')!.value as Record<string, unknown>;
  const property = own(discriminator, 'propertyName');
  const at = { location, steps: ['discriminator'] };
  if (typeof property !== 'string') {
    const isOldStyle = typeof location.node === 'object';
    report(
      'error',
      at,
      'discriminator needs propertyName',
      isOldStyle ? 'discriminator: { propertyName: kind }' : undefined,
    );
    return;
  }
  const mapping = readMapping();

  const targets = new Map<string, UnitIndex | null>();
  const hasAlternatives = keywords.has('oneOf') || keywords.has('anyOf');
  if (hasAlternatives) nameAlternatives();
  else if (!scope.dispatched.includes(addressOf(location))) nameDescendants();
  else return;

  if (targets.size === 0) {
    report('warning', at, 'discriminator names no schema, so it is not enforced');
    return;
  }
  const isOptional = builder.options.reading === 'meant' && hasAlternatives;
  shape.discriminator = {
    property,
    targets: [...targets],
    ...(isOptional ? { isOptional: true as const } : {}),
  };
  if (!hasAlternatives && builder.options.reading === 'meant') {
    report(
      'warning',
      at,
      'the discriminator stands in the parent alone: objects must name a component that extends it',
      ALONE,
    );
  }

  function nameAlternatives(): void {
    const alternatives = new Map<string, UnitIndex>();
    for (const keyword of ['oneOf', 'anyOf']) {
      const count = (keywords.get(keyword)?.value as unknown[] | undefined)?.length ?? 0;
      for (let i = 0; i < count; i++) {
        const branch = registry.child(location, keyword, String(i));
        const ref = own(branch.node, '$ref');
        const target = typeof ref === 'string' ? registry.resolve(ref, branch.resource) : undefined;
        // An inline alternative has no name; it can only serve values that are no objects.
        if (target === undefined) continue;
        const unit = builder.unitFor(target, scope);
        alternatives.set(addressOf(target), unit);
        const name = componentName(target);
        if (name !== undefined) targets.set(name, unit);
      }
    }
    for (const [value, target] of mapping) {
      const unit = alternatives.get(addressOf(target));
      if (unit !== undefined) targets.set(value, unit);
      else {
        report(
          'warning',
          { location, steps: ['discriminator', 'mapping', value] },
          'this mapping names a schema that is none of the alternatives, so its value is refused',
        );
      }
    }
  }

  function nameDescendants(): void {
    const parent = addressOf(location);
    const dispatched = [...new Set([...scope.dispatched, parent])].sort();
    const name = (value: string, target: Location) => {
      const isSelf = addressOf(target) === parent;
      targets.set(value, isSelf ? null : builder.unitFor(target, { ...scope, dispatched }));
    };
    for (const component of extendingComponents(builder, documentOf(location)).get(parent) ?? []) {
      name(componentName(component)!, component);
    }
    const hasChildren = [...targets.values()].some((unit) => unit !== null);
    for (const [value, target] of mapping) name(value, target);
    // A parent that nobody extends describes nothing to choose from.
    if (!hasChildren && mapping.length === 0) targets.clear();
  }

  function readMapping(): [string, Location][] {
    const given = own(discriminator, 'mapping');
    if (!isRecord(given)) return [];
    const found: [string, Location][] = [];
    for (const [value, ref] of Object.entries(given)) {
      const target = typeof ref === 'string' ? resolveName(ref) : undefined;
      if (target !== undefined) found.push([value, target]);
      else {
        report(
          'error',
          { location, steps: ['discriminator', 'mapping', value] },
          'this mapping leads to no schema',
        );
      }
    }
    return found;
  }

  /** OAS 3.1.1: a value that may be a name is a name first, and a reference otherwise. */
  function resolveName(ref: string): Location | undefined {
    if (/^[A-Za-z0-9._-]+$/.test(ref)) {
      const named = registry.resolve(`#/components/schemas/${ref}`, documentOf(location).resource);
      if (named !== undefined) return named;
    }
    return registry.resolve(ref, location.resource);
  }

  function documentOf(near: Location): Location {
    return rootOf(registry.resourceAt(near.document) ?? near.resource);
  }
}

function componentName(at: Location): string | undefined {
  const found = /^\/components\/schemas\/([^/]+)$/.exec(at.pointer);
  const name = found?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
  return name === undefined || escapeStep(name) !== found?.[1] ? undefined : name;
}

type Extending = ReadonlyMap<string, readonly Location[]>;
const extending = new WeakMap<Registry, Map<string, Extending>>();

/** The components of a document by what they extend: found once, however many discriminators ask. */
function extendingComponents({ registry, options }: ShapeBuilder, document: Location): Extending {
  const byDocument = extending.get(registry) ?? new Map<string, Extending>();
  extending.set(registry, byDocument);
  const known = byDocument.get(document.document);
  if (known !== undefined) return known;
  const found = new Map<string, Location[]>();
  const schemas = own(own(document.node, 'components'), 'schemas');
  for (const name of isRecord(schemas) ? Object.keys(schemas) : []) {
    const component = registry.child(document, 'components', 'schemas', name);
    const parents = new Set(conjunction(registry, component, options).map(addressOf));
    for (const parent of parents) {
      const list = found.get(parent);
      if (list === undefined) found.set(parent, [component]);
      else list.push(component);
    }
  }
  byDocument.set(document.document, found);
  return found;
}
