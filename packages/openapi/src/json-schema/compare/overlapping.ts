import type { Shape } from '../shape.ts';
import { kindsOf, OBJECT } from './compare-keywords.ts';
import {
  type Conjunction,
  conjunctionOf,
  includesValue,
  memberShapes,
  typesOf,
  valuesOf,
} from './conjunction.ts';

const DEPTH_MAX = 3;

/** Those of which a value may fit another one, too. */
export function overlapping(alternatives: readonly Shape[], units: readonly Shape[]): Shape[] {
  const all = alternatives.map((one) => conjunctionOf([one], units));
  return alternatives.filter((_, index) =>
    all.some((other, at) => at !== index && !exclude(all[index] as Conjunction, other, units, 0)),
  );
}

function exclude(
  one: Conjunction,
  other: Conjunction,
  units: readonly Shape[],
  depth: number,
): boolean {
  if (one.isNever || other.isNever) return true;
  const [own, others] = [valuesOf(one), valuesOf(other)];
  if (own !== null && others !== null && !own.some((value) => includesValue(others, value)))
    return true;
  const kinds = (all: Conjunction, values: readonly string[] | null) =>
    values === null ? typesOf(all) : kindsOf(values);
  const common = kinds(one, own) & kinds(other, others);
  if (common === 0) return true;
  if (common !== OBJECT || depth >= DEPTH_MAX) return false;
  const [needed, asked] = [requiredBy(one), requiredBy(other)];
  return [...new Set([...needed, ...asked])].some((name) => {
    const [member, rival] = [one, other].map((all) =>
      conjunctionOf(memberShapes(all, name, []), units),
    ) as [Conjunction, Conjunction];
    if (needed.includes(name) && asked.includes(name)) {
      return exclude(member, rival, units, depth + 1);
    }
    // Needed here, and refused there.
    return needed.includes(name) ? rival.isNever : member.isNever;
  });
}

export function requiredBy({ shapes }: Conjunction): string[] {
  return [...new Set(shapes.flatMap(({ required = [] }) => required))];
}
