import type { Shape, UnitIndex } from './shape.ts';

/**
 * Which members a valid object's subschemas evaluate, where that does not depend on the object:
 * then `unevaluatedProperties` is as cheap as `additionalProperties`. Undefined where it depends.
 */
export function staticallyEvaluated(
  shape: Shape,
  shapeOf: (unit: UnitIndex) => Shape,
): string[] | 'all' | undefined {
  if (shape.unevaluatedItems !== undefined || shape.additionalProperties !== undefined)
    return undefined;
  if ((shape.patternProperties ?? []).length > 0) return undefined;
  const names = new Set<string>();
  const seen = new Set<Shape>();
  const waiting = [shape];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const depends = at.anyOf ?? at.oneOf ?? at.if ?? at.dependentSchemas ?? at.discriminator;
    if (depends !== undefined || (at.patternProperties ?? []).length > 0) return undefined;
    if (at.additionalProperties !== undefined) return 'all';
    if (at !== shape && at.unevaluatedProperties !== undefined) return 'all';
    for (const [name] of at.properties ?? []) names.add(name);
    waiting.push(...(at.allOf ?? []), ...(at.refs ?? []).map(shapeOf));
  }
  return [...names];
}
