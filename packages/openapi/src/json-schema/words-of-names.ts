import { KEYWORD_FORMS } from './keyword-forms.ts';

/**
 * What the words of a name say together, in whatever order and form: `lengthMax`, `noLongerThan` and
 * `maximum_chars` are `maxLength`. Families, by the parts of a name, for what people make up anew each time.
 */

/** Parts of names that say the same; an empty one adds nothing. */
const STEMS: Readonly<Record<string, string>> = {
  ...{ minimum: 'min', minimal: 'min', least: 'min', lower: 'min', lowest: 'min', floor: 'min' },
  ...{ maximum: 'max', maximal: 'max', most: 'max', upper: 'max', highest: 'max', ceiling: 'max' },
  ...{ smallest: 'min', shortest: 'min', largest: 'max', longest: 'max', cap: 'max', ceil: 'max' },
  ...{ prop: 'property', key: 'property', member: 'property', field: 'property' },
  ...{ element: 'item', occur: 'item', occurrence: 'item', entry: 'item' },
  ...{ len: 'length', char: 'length', character: 'length', excl: 'exclusive' },
  ...{ distinct: 'unique', requirement: 'required', require: 'required', dependency: 'dependent' },
  ...{ regex: 'pattern', extra: 'additional', further: 'additional', other: 'additional' },
  ...{ val: '', value: '', number: '', inclusive: '' },
};

/** In lower case, without plurals, as `STEMS` has them. */
export function stemsOf(name: string): string[] {
  const words = name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ').toLowerCase();
  return words
    .split(/[\s_-]+/)
    .map((word) => word.replace(/ies$/, 'y').replace(/(?<=[cs]h|x)es$|(?<!s)s$/, ''))
    .map((word) => (Object.hasOwn(STEMS, word) ? STEMS[word]! : word))
    .filter((word) => word !== '');
}

/** `maximumLength`, `lengthMax` and `max_lengths` are one bag of words, that of `maxLength`. */
const bagOf = (words: readonly string[]): string => words.toSorted().join(' ');

const BAGS = new Map<string, string>([
  ...Object.keys(KEYWORD_FORMS)
    // `nots` and `ifs` are words of their own.
    .filter((name) => name.length >= 4 && !name.startsWith('$'))
    .map((name) => [bagOf(stemsOf(name)), name] as const),
  ['property required', 'required'],
]);

/**
 * The keyword that these words stand for together; `size`, `minSize` and `maxSize` are of whatever the type has,
 * `depth` of none. `meant` says what a word alone means.
 */
export function meaningOfWords(
  name: string,
  meant: (word: string) => string | undefined,
): string | undefined {
  const words = stemsOf(name);
  const isJoined = /[a-z\d][A-Z]|[\s_-]/.test(name);
  return (
    BAGS.get(bagOf(words)) ??
    boundOf(words) ??
    comparisonOf(words) ??
    conditionOf(words) ??
    (leaveFor(words) === undefined ? undefined : 'additionalProperties') ??
    negationOf(words, meant) ??
    // `fixedValue` is `fixed`; that `sizes` is `size`, nobody said.
    (words.length === 1 && isJoined ? meant(words[0]!) : undefined)
  );
}

/** What may stand beside `min` or `max`, and the keyword for both. */
const BOUNDED: Readonly<Record<string, string>> = {
  ...{ range: 'imum', bound: 'imum', limit: 'imum', boundary: 'imum', allowed: 'imum' },
  ...{ size: 'Size', count: 'Size', length: 'Length', byte: 'Length', octet: 'Length' },
  ...{ item: 'Items', property: 'Properties', exclusive: 'exclusive', strict: 'exclusive' },
  ...{ digit: 'imum', precision: 'imum', word: 'Length', line: 'Length' },
  ...{ file: 'Length', upload: 'Length', image: 'Length', attachment: 'Length' },
  ...{ decimal: 'step', place: 'step', fraction: 'step', scale: 'step' },
  ...{ date: 'pattern', time: 'pattern', datetime: 'pattern' },
  ...{ depth: 'depth', nesting: 'depth', level: 'depth' },
};

/** Where several are bounded, the nearer says what: `maxByteLength`, `maxFileSize`, `maxDecimalDigits`. */
const NEARER = ['depth', 'step', 'pattern', 'exclusive', 'Length', 'Items', 'Properties', 'Size'];

function boundOf(words: readonly string[]): string | undefined {
  const sides = new Set<string>(words.filter((word) => word === 'min' || word === 'max'));
  const rest = words.filter((word) => !sides.has(word));
  if (sides.size === 0 || rest.some((word) => !Object.hasOwn(BOUNDED, word))) return undefined;
  if (sides.size === 2) return rest.length === 0 ? 'minimum and maximum' : undefined;
  const [side] = sides;
  const kinds = rest.map((word) => BOUNDED[word]!);
  const kind = NEARER.find((one) => kinds.includes(one)) ?? 'imum';
  if (kind === 'depth') return 'depth';
  if (kind === 'step') return 'multipleOf';
  if (kind === 'pattern') return 'pattern';
  if (kind === 'exclusive') return side === 'min' ? 'exclusiveMinimum' : 'exclusiveMaximum';
  return `${side}${kind}`;
}

const ABOVE = new Set(['more', 'greater', 'larger', 'bigger', 'higher', 'longer']);
const BELOW = new Set(['less', 'fewer', 'smaller', 'lower', 'shorter', 'min']);
const OF_LENGTH = new Set(['longer', 'shorter']);
const NO = new Set(['no', 'not', 'never']);

/** `noLongerThan`, `not_less_than`, `shorterThan`, `greaterThanOrEqualTo`. */
function comparisonOf(words: readonly string[]): string | undefined {
  if (!words.includes('than')) return undefined;
  const rest = words.filter((word) => !/^(?:than|must|be|or|equal|to)$/.test(word));
  const compared = rest.filter((word) => !NO.has(word));
  const [word] = compared;
  if (word === undefined || compared.length > 1) return undefined;
  const isAbove = ABOVE.has(word);
  if (!isAbove && !BELOW.has(word)) return undefined;
  const isNegated = rest.length > compared.length;
  const side = isAbove === isNegated ? 'max' : 'min';
  if (OF_LENGTH.has(word)) return `${side}Length`;
  if (word === 'fewer') return `${side}Size`;
  if (isNegated || words.includes('equal')) return `${side}imum`;
  return side === 'min' ? 'exclusiveMinimum' : 'exclusiveMaximum';
}

/** `requiredWhen`, `required_unless`, `requiredWithout`. */
function conditionOf(words: readonly string[]): string | undefined {
  const [first, second, ...rest] = words;
  const isCondition = first === 'required' && second !== undefined && CONDITIONS.has(second);
  return isCondition && rest.every((word) => ALL.has(word)) ? 'dependentRequired' : undefined;
}

const CONDITIONS = new Set(['if', 'when', 'unless', 'with', 'without', 'depending']);
const ALL = new Set(['all', 'any', 'on', 'property']);

const REST = new Set(['additional', 'unknown', 'undeclared', 'undocumented', 'unspecified']);
const LEAVE = new Set(['allow', 'permit', 'accept']);
const REFUSAL = new Set(['no', 'not', 'deny', 'forbid', 'disallow', 'reject', 'without']);
const WHATEVER = new Set(['property', 'item', 'allowed', 'any']);

/** Whether a name gives leave for what is not described, as `allowAdditional`, or takes it, as `noExtraFields`. */
export function leaveFor(words: readonly string[]): 'given' | 'taken' | undefined {
  if (!words.some((word) => REST.has(word))) return undefined;
  const others = words.filter((word) => !REST.has(word) && !WHATEVER.has(word));
  const [word] = others;
  if (word === undefined || others.length > 1) return undefined;
  if (LEAVE.has(word)) return 'given';
  return REFUSAL.has(word) ? 'taken' : undefined;
}

const NEGATED: ReadonlySet<string> = new Set([
  ...['enum', 'const', 'pattern', 'type', 'anyOf', 'oneOf', 'allOf', 'contains'],
]);

/** `notEquals`, `not_one_of`, `notMatches`. */
function negationOf(
  [first, ...rest]: readonly string[],
  meant: (word: string) => string | undefined,
): string | undefined {
  if (first !== 'not' || rest.length === 0) return undefined;
  const [word = ''] = rest;
  const meaning = BAGS.get(bagOf(rest)) ?? (rest.length === 1 ? meant(word) : undefined);
  return meaning !== undefined && NEGATED.has(meaning) ? 'not' : undefined;
}

/** Parts of names that stand in notes to readers at least as often: of files, columns and moments. */
const OF_NOTES: ReadonlySet<string> = new Set([
  ...[
    'file',
    'upload',
    'image',
    'attachment',
    'decimal',
    'digit',
    'fraction',
    'scale',
    'precision',
  ],
  ...['place', 'word', 'line', 'depth', 'nesting', 'level', 'date', 'time', 'datetime'],
  ...['null', 'nullable'],
]);

/** Whether such a name is as often a note; of forms are those that say when something is asked for. */
export function hasWordOfNotes(name: string): boolean {
  const words = stemsOf(name);
  return words.some((word) => OF_NOTES.has(word)) || conditionOf(words) !== undefined;
}
