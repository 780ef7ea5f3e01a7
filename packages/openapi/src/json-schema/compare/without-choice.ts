import type { Shape } from '../shape.ts';

/**
 * Of a conjunction, in which everything stands that its shapes lead to: what leads there is left out, for it
 * would bring the choice back.
 */
export function withoutChoice(shapes: readonly Shape[], alternatives: readonly Shape[]): Shape[] {
  return shapes.map((shape) => {
    const isChosen = shape.anyOf === alternatives || shape.oneOf === alternatives;
    return bare(shape, isChosen ? alternatives : null);
  });
}

const bares = new WeakMap<Shape, Map<readonly Shape[] | null, Shape>>();

/** The same object each time, so that what was found of it is found again. */
function bare(shape: Shape, chosen: readonly Shape[] | null): Shape {
  const known = bares.get(shape) ?? new Map<readonly Shape[] | null, Shape>();
  bares.set(shape, known);
  const found = known.get(chosen);
  if (found !== undefined) return found;
  const { refs: _refs, allOf: _allOf, anyOf, oneOf, ...rest } = shape;
  const isLeft = (choice: readonly Shape[] | undefined) =>
    choice !== undefined && choice !== chosen && choice.length > 1;
  const left = {
    ...rest,
    ...(isLeft(anyOf) && { anyOf }),
    ...(isLeft(oneOf) && { oneOf }),
  } as Shape;
  known.set(chosen, left);
  return left;
}
