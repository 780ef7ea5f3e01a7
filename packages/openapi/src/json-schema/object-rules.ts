import type { Part, ShapeBuilder } from './build-shapes.ts';
import { setCount } from './counts.ts';
import { forbiddenRule } from './forbidden.ts';
import type { Forbidden, Shape } from './shape.ts';

export function addObjectRules(builder: ShapeBuilder, part: Part): void {
  const { shape, keywords, scope, inPlace } = part;
  setCount(shape, keywords, 'minProperties');
  setCount(shape, keywords, 'maxProperties');
  const needed = (names: string[]) => [...new Set(names)].filter((n) => !scope.exempt.includes(n));
  const required = keywords.get('required')?.value as string[] | undefined;
  if (required !== undefined) shape.required = needed(required);
  const dependent = keywords.get('dependentRequired')?.value as Record<string, string[]>;
  if (dependent !== undefined) {
    shape.dependentRequired = Object.entries(dependent).map(([n, list]) => [n, needed(list)]);
  }
  addMembers(builder, part);
  const schemas = keywords.get('dependentSchemas');
  if (schemas !== undefined) {
    shape.dependentSchemas = Object.keys(schemas.value as object).map((name) => [
      name,
      inPlace([...schemas.steps, name]),
    ]);
  }
}

/** Members by name, by pattern, and all others: what they are, and which of them this direction may not hold. */
function addMembers(builder: ShapeBuilder, part: Part): void {
  const { registry, options } = builder;
  const { unit, shape, location, keywords, scope, within } = part;
  const { direction } = scope;
  const forbids = (steps: string[]) => {
    const property = registry.child(location, ...steps);
    if (forbiddenRule(registry, property, 'neither', options) === undefined) return undefined;
    unit.mentionsDirection = true;
    if (direction === 'neither') return undefined;
    return forbiddenRule(registry, property, direction, options);
  };

  const isIgnored = (rule: Forbidden | undefined) =>
    rule === 'readOnly' && direction === 'request' && options.readOnlyMembers === 'ignore';
  const ignored = (): Shape => {
    unit.cutsMembers = true;
    return { ...part.newShape(), ignored: true };
  };

  const properties = keywords.get('properties')?.value as Record<string, unknown> | undefined;
  if (properties !== undefined) {
    shape.properties = Object.keys(properties).map((name) => {
      const steps = ['properties', name];
      const rule = forbids(steps);
      if (isIgnored(rule)) return [name, ignored()];
      return rule === undefined ? [name, within(steps)] : [name, within(steps), rule];
    });
  }
  const patterned = keywords.get('patternProperties')?.value as Record<string, unknown> | undefined;
  if (patterned !== undefined) {
    shape.patternProperties = Object.keys(patterned).map((source) => {
      const steps = ['patternProperties', source];
      const pattern = builder.patternFor(source, location, steps);
      const rule = forbids(steps);
      if (isIgnored(rule)) return [pattern, ignored()];
      return rule === undefined ? [pattern, within(steps)] : [pattern, within(steps), rule];
    });
  }
  for (const name of ['additionalProperties', 'propertyNames', 'unevaluatedProperties'] as const) {
    const found = keywords.get(name);
    if (found !== undefined) shape[name] = within(found.steps);
  }
  if (shape.additionalProperties !== undefined) {
    const rule = forbids([...keywords.get('additionalProperties')!.steps]);
    if (isIgnored(rule)) shape.additionalProperties = ignored();
    else if (rule !== undefined) shape.additionalForbidden = rule;
  }
}
