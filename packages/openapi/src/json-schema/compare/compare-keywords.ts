import { isIntegral, isMultiple, parseJsonText } from '../../json/index.ts';
import { escapeStep } from '../locations.ts';
import { type Shape, TYPE_BITS } from '../shape.ts';
import {
  COUNTS,
  type Conjunction,
  countOf,
  decimalIn,
  includesValue,
  isBeyond,
  type Limit,
  limitsOf,
  typesOf,
  valuesOf,
} from './conjunction.ts';

const TEXT_DEPTH_MAX = 8;

/** Something that a later schema lets pass and an earlier one did not, or may not have. */
export interface Loosening {
  /** RFC 6901, into the value; `*` for items and members that no schema lists. */
  readonly pointer: string;
  /** In words, of the schemas alone: 'maximum 1000, was 100'. */
  readonly what: string;
}

export const NUMBER = TYPE_BITS['number'] as number;
export const INTEGER = TYPE_BITS['integer'] as number;
export const STRING = TYPE_BITS['string'] as number;
export const ARRAY = TYPE_BITS['array'] as number;
export const OBJECT = TYPE_BITS['object'] as number;

export const UNDECIDED: Loosening = { pointer: '', what: 'too large to be compared' };

export function here(what: string): Loosening {
  return { pointer: '', what };
}

export function below(step: string, { pointer, what }: Loosening): Loosening {
  return { pointer: `/${escapeStep(step)}${pointer}`, what };
}

function namesOfTypes(bits: number): string[] {
  // What is a number is an integer, too.
  const shown = bits & NUMBER ? bits & ~INTEGER : bits;
  return Object.keys(TYPE_BITS).filter((name) => shown & (TYPE_BITS[name] as number));
}

export function compareOpen(before: Conjunction, is: number): Loosening[] {
  const found: Loosening[] = [];
  if (valuesOf(before) !== null) found.push(here('enum gone'));
  const more = namesOfTypes(is & ~typesOf(before));
  if (more.length > 0) found.push(here(`type ${more.join(', ')}, too`));
  return found;
}

export function compareListed(before: Conjunction, listed: readonly string[]): Loosening[] {
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

export function kindsOf(listed: readonly string[]): number {
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
export function compareNumbers(
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

export function compareStrings(
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

export function compareCounts(
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
export const OTHERS = {
  not: ({ not }) => not,
  if: ({ if: condition, then: positive, else: negative }) =>
    // Without a consequence it asks for nothing.
    condition && (positive || negative) && [condition, positive, negative],
  contains: ({ contains }) => contains,
  propertyNames: ({ propertyNames }) => propertyNames,
  dependentRequired: ({ dependentRequired }) => dependentRequired,
  dependentSchemas: ({ dependentSchemas }) => dependentSchemas,
} satisfies Record<string, (shape: Shape) => unknown>;

/** With what references lead to; numbers within a unit and of units say nothing. */
export function textOf(value: unknown, units: readonly Shape[]): string {
  const within: number[] = [];
  const text = (given: unknown): string =>
    JSON.stringify(given, (key, member: unknown) => {
      if (key === 'id') return undefined;
      if (key !== 'refs' && key !== 'targets') return member;
      return (member as (number | [string, number | null])[]).map((linked) => {
        const [value, unit] = typeof linked === 'number' ? ['', linked] : linked;
        if (unit === null) return [value, null];
        const height = within.indexOf(unit);
        if (height >= 0) return [value, within.length - height];
        if (within.length >= TEXT_DEPTH_MAX) return [value, unit];
        within.push(unit);
        const inner = text(units[unit]);
        within.pop();
        return [value, inner];
      });
    });
  return text(value);
}
