import { deeperChildren, inPlaceChildren, linkedUnits, type Shape } from '../shape.ts';

/** Units that are word for word as they were, in what they refer to as well. */
export function sameUnits(old: readonly Shape[], next: readonly Shape[]): Set<number> {
  const same = new Set<number>();
  const callers = new Map<number, number[]>();
  const waiting: number[] = [];
  for (const [index, shape] of next.entries()) {
    const text = JSON.stringify(shape);
    if (text === JSON.stringify(old[index])) same.add(index);
    else waiting.push(index);
    for (const unit of unitsWithin(shape)) {
      const known = callers.get(unit);
      if (known === undefined) callers.set(unit, [index]);
      else known.push(index);
    }
  }
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop()) {
    for (const caller of callers.get(unit) ?? []) if (same.delete(caller)) waiting.push(caller);
  }
  return same;
}

/** That a unit refers to, by a discriminator as well. */
function unitsWithin(unit: Shape): Set<number> {
  const found = new Set<number>();
  const waiting = [unit];
  for (let shape = waiting.pop(); shape !== undefined; shape = waiting.pop()) {
    for (const linked of linkedUnits(shape)) found.add(linked);
    waiting.push(...inPlaceChildren(shape), ...deeperChildren(shape));
  }
  return found;
}
