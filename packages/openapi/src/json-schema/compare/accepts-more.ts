import { isIntegral, isMultiple, parseJsonText } from '../../json/index.ts';
import { escapeStep } from '../registry.ts';
import { type Shape, TYPE_BITS } from '../shape.ts';
import type { ComparableSchemas } from './comparable.ts';
import {
  type Choice,
  COUNTS,
  type Conjunction,
  choices,
  conjunctionOf,
  countOf,
  decimalIn,
  includesValue,
  isBeyond,
  itemShapes,
  type Limit,
  limitsOf,
  memberNames,
  memberShapes,
  prefixLength,
  typesOf,
  valuesOf,
} from './conjunction.ts';

/** Something that a later schema lets pass and an earlier one did not, or may not have. */
export interface Loosening {
  /** RFC 6901, into the value; `*` for items and members that no schema lists. */
  readonly pointer: string;
  /** In words, of the schemas alone: 'maximum 1000, was 100'. */
  readonly what: string;
}

export interface Compared {
  readonly schemas: ComparableSchemas;
  /** Members that no schema documents are refused. */
  readonly isClosed: boolean;
}

/** A hostile pair of descriptions must not keep a reload waiting. */
const COMPARISONS_MAX = 100_000;
const DEPTH_MAX = 200;
const ALTERNATIVES_MAX = 64;
const TEXT_DEPTH_MAX = 8;
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

const NUMBER = TYPE_BITS['number'] as number;
const INTEGER = TYPE_BITS['integer'] as number;
const STRING = TYPE_BITS['string'] as number;
const ARRAY = TYPE_BITS['array'] as number;
const OBJECT = TYPE_BITS['object'] as number;

const ONE_TYPE: readonly Shape[] = [
  ...['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'].map((name) => ({
    ...{ id: 0, types: TYPE_BITS[name] as number },
  })),
];

const UNDECIDED: Loosening = { pointer: '', what: 'too large to be compared' };

function here(what: string): Loosening {
  return { pointer: '', what };
}

function below(step: string, { pointer, what }: Loosening): Loosening {
  return { pointer: `/${escapeStep(step)}${pointer}`, what };
}

function namesOfTypes(bits: number): string[] {
  // What is a number is an integer, too.
  const shown = bits & NUMBER ? bits & ~INTEGER : bits;
  return Object.keys(TYPE_BITS).filter((name) => shown & (TYPE_BITS[name] as number));
}

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

function compareOpen(before: Conjunction, is: number): Loosening[] {
  const found: Loosening[] = [];
  if (valuesOf(before) !== null) found.push(here('enum gone'));
  const more = namesOfTypes(is & ~typesOf(before));
  if (more.length > 0) found.push(here(`type ${more.join(', ')}, too`));
  return found;
}

function compareListed(before: Conjunction, listed: readonly string[]): Loosening[] {
  const was = valuesOf(before);
  const more = listed.filter(
    (text) => (was !== null && !includesValue(was, text)) || breaks(before, text),
  );
  if (more.length === 0) return [];
  const [first = ''] = more;
  const shown = first.length > 40 ? `${first.slice(0, 40)}…` : first;
  const rest = more.length > 1 ? ` and ${more.length - 1} more` : '';
  return [here(`enum with ${shown}${rest}`)];
}

/** Whether a value that is listed now broke the simple rules before. */
function breaks(before: Conjunction, text: string): boolean {
  const kind = kindOf(text);
  if ((typesOf(before) & (TYPE_BITS[kind] as number)) === 0) return true;
  if (kind === 'integer' || kind === 'number') {
    const limit = { text, isExclusive: false };
    const { least, most } = limitsOf(before);
    return (
      (least !== null && isBeyond(least, limit, 1)) || (most !== null && isBeyond(most, limit, -1))
    );
  }
  if (kind !== 'string') return false;
  const { length } = [...(parseJsonText(text) as string)];
  const [least, most] = [countOf(before, 'minLength'), countOf(before, 'maxLength')];
  return length < (least ?? 0) || length > (most ?? Number.POSITIVE_INFINITY);
}

function kindsOf(listed: readonly string[]): number {
  let bits = 0;
  for (const text of listed) bits |= TYPE_BITS[kindOf(text)] as number;
  return bits;
}

function kindOf(text: string): string {
  if (text === 'null') return 'null';
  if (text === 'true' || text === 'false') return 'boolean';
  if (text.startsWith('"')) return 'string';
  if (text.startsWith('[')) return 'array';
  if (text.startsWith('{')) return 'object';
  return isIntegral(decimalIn(text)) ? 'integer' : 'number';
}

/** `listed`: values that were looked at one by one. */
function compareNumbers(
  before: Conjunction,
  after: Conjunction,
  listed: readonly string[] | null,
): Loosening[] {
  const found: Loosening[] = [];
  const [was, is] = [limitsOf(before), limitsOf(after)];
  const tell = (side: string, old: Limit | null, next: Limit | null, direction: 1 | -1) => {
    if (old === null || (next !== null && !isBeyond(old, next, direction))) return;
    found.push(here(changed(side, next && worded(next), worded(old))));
  };
  if (listed === null) {
    tell('minimum', was.least, is.least, 1);
    tell('maximum', was.most, is.most, -1);
  }
  const steps = after.shapes.flatMap(({ multipleOf }) => multipleOf ?? []);
  for (const { multipleOf } of before.shapes) {
    if (multipleOf === undefined) continue;
    const isKept = steps.some(
      (step) => step === multipleOf || isMultiple(decimalIn(step), decimalIn(multipleOf)),
    );
    if (!isKept) found.push(here(changed('multipleOf', steps[0] ?? null, multipleOf)));
  }
  return [...found, ...compareFormats(before, after, (format) => NUMERIC.test(format))];
}

const NUMERIC = /^(?:u?int\d+|float|double|decimal.*)$/;

function worded({ text, isExclusive }: Limit): string {
  return `${text}${isExclusive ? ' (exclusive)' : ''}`;
}

function changed(name: string, is: string | number | null, was: string | number): string {
  return is === null ? `${name} gone, was ${was}` : `${name} ${is}, was ${was}`;
}

function compareStrings(
  before: Conjunction,
  after: Conjunction,
  listed: readonly string[] | null,
): Loosening[] {
  const found = listed === null ? compareCounts(before, after, 'string') : [];
  const patternsOf = ({ shapes }: Conjunction) =>
    shapes.flatMap(({ pattern }) => (pattern === undefined ? [] : [JSON.stringify(pattern)]));
  const patterns = patternsOf(after);
  const lost = patternsOf(before).filter((pattern) => !patterns.includes(pattern));
  if (lost.length > 0) found.push(here(patterns.length === 0 ? 'pattern gone' : 'another pattern'));
  return [...found, ...compareFormats(before, after, (format) => !NUMERIC.test(format))];
}

function compareFormats(
  before: Conjunction,
  after: Conjunction,
  concerns: (format: string) => boolean,
): Loosening[] {
  const formatsOf = ({ shapes }: Conjunction) =>
    shapes.flatMap(({ format, isFormatReported }) =>
      format === undefined || isFormatReported ? [] : [format],
    );
  const is = formatsOf(after);
  return formatsOf(before)
    .filter((format) => concerns(format) && !is.includes(format))
    .map((format) => here(changed('format', is[0] ?? null, format)));
}

function compareCounts(
  before: Conjunction,
  after: Conjunction,
  kind: keyof typeof COUNTS,
): Loosening[] {
  return COUNTS[kind].flatMap((name) => {
    const [was, is] = [countOf(before, name), countOf(after, name)];
    if (was === null) return [];
    const isKept = is !== null && (name.startsWith('min') ? is >= was : is <= was);
    return isKept ? [] : [here(changed(name, is, was))];
  });
}

/** Of these only that they are the same can be told. */
const OTHERS = {
  not: ({ not }) => not,
  if: ({ if: condition, then: positive, else: negative }) =>
    // Without a consequence it asks for nothing.
    condition && (positive || negative) && [condition, positive, negative],
  contains: ({ contains }) => contains,
  propertyNames: ({ propertyNames }) => propertyNames,
  dependentRequired: ({ dependentRequired }) => dependentRequired,
  dependentSchemas: ({ dependentSchemas }) => dependentSchemas,
  patternProperties: ({ patternProperties }) => patternProperties,
} satisfies Record<string, (shape: Shape) => unknown>;

/** With what references lead to; numbers within a unit and of units say nothing. */
function textOf(value: unknown, units: readonly Shape[]): string {
  const within: number[] = [];
  const text = (given: unknown): string =>
    JSON.stringify(given, (key, member: unknown) => {
      if (key === 'id') return undefined;
      if (key !== 'refs') return member;
      return (member as number[]).map((unit) => {
        const height = within.indexOf(unit);
        if (height >= 0) return within.length - height;
        if (within.length >= TEXT_DEPTH_MAX) return unit;
        within.push(unit);
        const inner = text(units[unit]);
        within.pop();
        return inner;
      });
    });
  return text(value);
}
