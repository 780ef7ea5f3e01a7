import { escapeStep } from '../locations.ts';
import { type Shape, TYPE_BITS } from '../shape.ts';
import type { ComparableSchemas } from './comparable.ts';
import {
  ARRAY,
  below,
  compareCounts,
  compareListed,
  compareNumbers,
  compareOpen,
  compareStrings,
  here,
  INTEGER,
  kindsOf,
  type Loosening,
  NUMBER,
  OBJECT,
  OTHERS,
  STRING,
  textOf,
} from './compare-keywords.ts';
import {
  type Choice,
  type Conjunction,
  choices,
  conjunctionOf,
  itemShapes,
  memberNames,
  memberShapes,
  prefixLength,
  typesOf,
  valuesOf,
} from './conjunction.ts';

export interface Compared {
  readonly schemas: ComparableSchemas;
  /** Members that no schema documents are refused. */
  readonly isClosed: boolean;
}

/** A hostile pair of descriptions must not keep a reload waiting. */
const COMPARISONS_MAX = 100_000;
const DEPTH_MAX = 200;
const ALTERNATIVES_MAX = 64;
/** Of one pair; more help nobody. */
const FOUND_MAX = 50;

/**
 * In what the later of two schemas accepts more than the earlier. Whether one schema accepts all that
 * another does cannot be decided quickly in general: where it is doubtful, it is told. A member that is
 * described newly is not told, although it was refused before.
 */
export class SchemaComparison {
  readonly #old: Compared;
  readonly #next: Compared;
  readonly #known = new Map<string, readonly Loosening[]>();
  readonly #names = new Map<Shape, number>();
  readonly #same: ReadonlySet<number>;
  #comparisons = 0;

  constructor(old: Compared, next: Compared) {
    this.#old = old;
    this.#next = next;
    const isAsClosed = old.isClosed === next.isClosed || next.isClosed;
    this.#same = isAsClosed ? sameUnits(old.schemas.shapes, next.schemas.shapes) : new Set();
  }

  /** Of two units. */
  loosenings(old: number, next: number): readonly Loosening[] {
    const [before, after] = [this.#old.schemas.shapes[old], this.#next.schemas.shapes[next]];
    if (before === undefined || after === undefined) return [UNDECIDED];
    if (old === next && this.#same.has(old)) return [];
    return this.#compare([before], [after], 0);
  }

  #compare(old: readonly Shape[], next: readonly Shape[], depth: number): readonly Loosening[] {
    const unit = onlyReference(old);
    if (unit !== null && unit === onlyReference(next) && this.#same.has(unit)) return [];
    const key = `${this.#nameAll(old)}/${this.#nameAll(next)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (depth > DEPTH_MAX || ++this.#comparisons > COMPARISONS_MAX) return [UNDECIDED];
    // What leads back to itself adds nothing.
    this.#known.set(key, []);
    const before = conjunctionOf(old, this.#old.schemas.shapes);
    const after = conjunctionOf(next, this.#next.schemas.shapes);
    const found = this.#compareWhole(before, after, depth).slice(0, FOUND_MAX);
    this.#known.set(key, found);
    return found;
  }

  #compareWhole(before: Conjunction, after: Conjunction, depth: number): readonly Loosening[] {
    if (after.isNever) return [];
    if (before.isNever) return [here('what was refused passes')];
    const found = this.#compareConjunctions(before, after, depth);
    if (found.length === 0) return found;
    // What each alternative asks for is asked for. Of several choices, the combinations are too many.
    const [choice, ...others] = choices(after);
    if (choice === undefined || others.length > 0) return found;
    const { alternatives } = choice;
    if (alternatives.length > ALTERNATIVES_MAX) return found;
    const rest = withoutChoice(after.shapes, alternatives);
    const isCovered = alternatives.every(
      (one) => this.#compare(before.shapes, [...rest, one], depth + 1).length === 0,
    );
    return isCovered ? [] : found;
  }

  #compareConjunctions(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const listed = valuesOf(after);
    const [was, is] = [typesOf(before), listed === null ? typesOf(after) : kindsOf(listed)];
    const found = listed === null ? compareOpen(before, is) : compareListed(before, listed);
    // Of other types, the rules below say nothing.
    const common = is & was;
    if (common & (NUMBER | INTEGER)) found.push(...compareNumbers(before, after, listed));
    if (common & STRING) found.push(...compareStrings(before, after, listed));
    if (common & ARRAY) found.push(...this.#compareArrays(before, after, depth));
    if (common & OBJECT) found.push(...this.#compareObjects(before, after, depth));
    for (const choice of choices(before)) found.push(...this.#compareChoice(choice, after, depth));
    return [...found, ...this.#compareOthers(before, after)];
  }

  #compareArrays(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const found = compareCounts(before, after, 'array');
    const isUnique = ({ shapes }: Conjunction) => shapes.some(({ uniqueItems }) => uniqueItems);
    if (isUnique(before) && !isUnique(after)) found.push(here('uniqueItems gone'));
    const described = Math.max(prefixLength(before), prefixLength(after));
    const indexes = [...Array.from({ length: described }, (_, index) => index), null];
    for (const index of indexes) {
      const items = this.#compare(itemShapes(before, index), itemShapes(after, index), depth + 1);
      found.push(...items.map((one) => below(index === null ? '*' : String(index), one)));
    }
    return found;
  }

  #compareObjects(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const found = compareCounts(before, after, 'object');
    const requiredBy = ({ shapes }: Conjunction) =>
      new Set(shapes.flatMap(({ required = [] }) => required));
    const [needed, still] = [requiredBy(before), requiredBy(after)];
    for (const name of needed) {
      if (!still.has(name)) found.push({ pointer: `/${escapeStep(name)}`, what: 'not required' });
    }
    for (const name of [...memberNames(before), null]) {
      const old = memberShapes(before, name, this.#old.isClosed);
      const next = memberShapes(after, name, this.#next.isClosed);
      const members = this.#compare(old, next, depth + 1);
      found.push(...members.map((one) => below(name ?? '*', one)));
    }
    return found;
  }

  /** Each alternative of the later one must accept no more than one of the earlier one. */
  #compareChoice(choice: Choice, after: Conjunction, depth: number): readonly Loosening[] {
    const { keyword, alternatives } = choice;
    if (alternatives.length > ALTERNATIVES_MAX) return this.#sameChoice(choice, after);
    const fits = (next: readonly Shape[]) =>
      alternatives.some((old) => this.#compare([old], next, depth + 1).length === 0);
    if (fits(after.shapes)) return [];
    // `type: [string, null]` may be what two alternatives were.
    const types = typesOf(after);
    const single = ONE_TYPE.filter((shape) => types & (shape.types as number));
    if (single.every((shape) => fits([...after.shapes, shape]))) return [];
    const rivals = choices(after).filter((other) => isAsStrict(other, choice));
    let nearest: readonly Loosening[] | null = null;
    for (const rival of rivals) {
      if (rival.alternatives.length > ALTERNATIVES_MAX) continue;
      const open = rival.alternatives.filter((next) => !fits([next]));
      if (open.length === 0) return [];
      if (nearest !== null) continue;
      nearest = open.flatMap((next) => {
        const old = alternatives[rival.alternatives.indexOf(next)];
        if (old === undefined) return [here(`another alternative of ${keyword}`)];
        return this.#compare([old], [next], depth + 1);
      });
    }
    return nearest ?? [here(`${keyword} gone`)];
  }

  #sameChoice({ keyword, alternatives }: Choice, after: Conjunction): Loosening[] {
    const text = textOf(alternatives, this.#old.schemas.shapes);
    const isSame = choices(after).some(
      (other) => textOf(other.alternatives, this.#next.schemas.shapes) === text,
    );
    return isSame ? [] : [here(`${keyword} may accept more`)];
  }

  #compareOthers(before: Conjunction, after: Conjunction): Loosening[] {
    return Object.entries(OTHERS).flatMap(([name, read]) => {
      const textsOf = ({ shapes }: Conjunction, { schemas }: Compared) =>
        shapes.flatMap((shape) => {
          const value = read(shape);
          return value === undefined ? [] : [textOf(value, schemas.shapes)];
        });
      const is = textsOf(after, this.#next);
      const lost = textsOf(before, this.#old).filter((text) => !is.includes(text));
      if (lost.length === 0) return [];
      return [here(is.length === 0 ? `${name} gone` : `another ${name}`)];
    });
  }

  #nameAll(shapes: readonly Shape[]): string {
    const names = shapes.map((shape) => {
      const name = this.#names.get(shape) ?? this.#names.size;
      this.#names.set(shape, name);
      return name;
    });
    return names.sort((one, other) => one - other).join();
  }
}

/** Units that are word for word as they were, in what they refer to as well. */
function sameUnits(old: readonly Shape[], next: readonly Shape[]): Set<number> {
  const same = new Set<number>();
  const callers = new Map<number, number[]>();
  const waiting: number[] = [];
  for (const [index, shape] of next.entries()) {
    const text = JSON.stringify(shape);
    if (text === JSON.stringify(old[index])) same.add(index);
    else waiting.push(index);
    for (const [, list = ''] of text.matchAll(/"refs":\[([\d,]+)\]/g)) {
      for (const unit of list.split(',').map(Number)) {
        const known = callers.get(unit);
        if (known === undefined) callers.set(unit, [index]);
        else known.push(index);
      }
    }
  }
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop()) {
    for (const caller of callers.get(unit) ?? []) if (same.delete(caller)) waiting.push(caller);
  }
  return same;
}

function onlyReference([shape, ...others]: readonly Shape[]): number | null {
  if (shape?.refs?.length !== 1 || others.length > 0 || Object.keys(shape).length !== 2)
    return null;
  return shape.refs[0] as number;
}

const ONE_TYPE: readonly Shape[] = [
  ...['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'].map((name) => ({
    ...{ id: 0, types: TYPE_BITS[name] as number },
  })),
];

const UNDECIDED: Loosening = { pointer: '', what: 'too large to be compared' };

/**
 * Of a conjunction, in which everything stands that its shapes lead to: what leads there is left out, for it
 * would bring the choice back.
 */
function withoutChoice(shapes: readonly Shape[], alternatives: readonly Shape[]): Shape[] {
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

function isAsStrict(next: Choice, old: Choice): boolean {
  return old.keyword === 'anyOf' || next.keyword === 'oneOf';
}
