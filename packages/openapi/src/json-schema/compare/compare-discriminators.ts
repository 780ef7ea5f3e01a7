import type { DiscriminatorShape, Shape } from '../shape.ts';
import { here, type Loosening, textOf, UNDECIDED } from './compare-keywords.ts';
import type { Conjunction } from './conjunction.ts';

/** The units that discriminators lead to. */
interface Sides {
  readonly before: readonly Shape[];
  readonly after: readonly Shape[];
  /** Word for word, in what it refers to as well. */
  readonly isSame: (unit: number) => boolean;
  readonly compare: (old: Shape, next: Shape) => readonly Loosening[];
}

/** Each value must lead to a schema that asks at least what the schema that it led to asked. */
export function compareDiscriminators(
  before: Conjunction,
  after: Conjunction,
  sides: Sides,
): Loosening[] {
  const found: Loosening[] = [];
  const known = discriminatorsOf(before);
  const later = discriminatorsOf(after);
  for (const old of known) {
    const next = later.find(({ property }) => property === old.property);
    if (next === undefined) {
      const word = later.length === 0 ? 'discriminator gone' : 'another discriminator';
      found.push(here(`${word}, was ${old.property}`));
      continue;
    }
    if (next.isOptional && !old.isOptional) found.push(here('discriminator may be missing'));
    for (const [value, unit] of next.targets) {
      found.push(...compareTargets(old, value, unit, sides));
    }
  }
  // It decides alone from now on, where several that fit were refused.
  const isNew = after.shapes.some(
    ({ discriminator, oneOf }) =>
      oneOf !== undefined &&
      discriminator?.isOptional === true &&
      !known.some(({ property }) => property === discriminator.property),
  );
  if (isNew && known.length === 0) found.push(here('a discriminator chooses'));
  return found;
}

function compareTargets(
  old: DiscriminatorShape,
  value: string,
  unit: number | null,
  sides: Sides,
): readonly Loosening[] {
  const listed = old.targets.find(([name]) => name === value);
  if (listed === undefined) return [here(`discriminator with ${JSON.stringify(value)}`)];
  const [, was] = listed;
  const elsewhere = [here(`discriminator: ${JSON.stringify(value)} leads elsewhere`)];
  // The schema itself asks nothing more.
  if (was === null) return [];
  if (unit === null) return elsewhere;
  const { before, after } = sides;
  const [held, holds] = [before[was], after[unit]];
  if (held === undefined || holds === undefined) return [UNDECIDED];
  if (was === unit && sides.isSame(unit)) return [];
  // One that another value leads to: members that it describes newly are told, too.
  const text = textOf(holds, after);
  const isOther = (target: number | null) =>
    target !== null && target !== was && textOf(before[target], before) === text;
  if (text !== textOf(held, before) && old.targets.some(([, target]) => isOther(target))) {
    return elsewhere;
  }
  return sides.compare(held, holds);
}

function discriminatorsOf({ shapes }: Conjunction): DiscriminatorShape[] {
  return shapes.flatMap(({ discriminator }) => discriminator ?? []);
}
