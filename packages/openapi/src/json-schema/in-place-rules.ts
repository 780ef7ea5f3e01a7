import type { Part, ShapeBuilder } from './build-shapes.ts';
import { isRecord } from './locations.ts';
import { nearestTarget } from './nearest-target.ts';
import { TYPE_BITS } from './shape.ts';

export function addReferences(
  builder: ShapeBuilder,
  { shape, location, keywords, scope }: Part,
): void {
  const { registry, report } = builder;
  for (const keyword of ['$ref', '$dynamicRef']) {
    const found = keywords.get(keyword);
    if (found === undefined) continue;
    const ref = found.value as string;
    let target = registry.resolve(ref, location.resource);
    if (keyword === '$dynamicRef' && target !== undefined) {
      const name = ref.slice(ref.indexOf('#') + 1);
      const isDynamic = target.resource.dynamicAnchors.has(name);
      if (isDynamic) target = scope.dynamic.get(name) ?? target;
    }
    if (target === undefined || !(isRecord(target.node) || typeof target.node === 'boolean')) {
      const why = target === undefined ? 'leads nowhere' : 'does not lead to a schema';
      report(
        'error',
        { location, steps: found.steps },
        `${keyword} ${JSON.stringify(ref.slice(0, 300))} ${why}`,
        builder.maySuggest() ? nearestTarget(registry, ref, location.resource) : undefined,
      );
      shape.never = true;
      continue;
    }
    shape.refs ??= [];
    shape.refs.push(builder.unitFor(target, scope));
  }
}

export function addCombinations(builder: ShapeBuilder, part: Part): void {
  const { shape, location, keywords, inPlace } = part;
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = keywords.get(name)?.value as unknown[] | undefined;
    if (list !== undefined) shape[name] = list.map((_, i) => inPlace([name, String(i)]));
  }
  if (builder.options.reading === 'meant') meanEmptyBranches(builder, part);
  if (shape.oneOf !== undefined) builder.alternatives.push({ shape, location });
  for (const name of ['not', 'if'] as const) {
    if (keywords.has(name)) shape[name] = inPlace([name]);
  }
  if (shape.if === undefined) return;
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  if (keywords.has('then')) shape.then = inPlace(['then']);
  if (keywords.has('else')) shape.else = inPlace(['else']);
}

/** `{}` among the branches of `oneOf`: an object without members, not every other value. */
function meanEmptyBranches({ report }: ShapeBuilder, { shape, location }: Part): void {
  const branches = shape.oneOf ?? [];
  const hasOthers = branches.some((branch) => Object.keys(branch).length > 1);
  for (const [index, branch] of branches.entries()) {
    if (!hasOthers || Object.keys(branch).length > 1) continue;
    if (!isRecord((location.node as { oneOf: unknown[] }).oneOf[index])) continue;
    branch.types = TYPE_BITS['object']!;
    branch.maxProperties = 0;
    const at = { location, steps: ['oneOf', String(index)] };
    const message = 'an empty branch is read as an object without members';
    report('warning', at, message, 'write { type: object, maxProperties: 0 }');
  }
}
