import { isTypeName } from './foreign-types.ts';
import { isSchema, isSchemaNumber, KEYWORD_FORMS } from './keyword-forms.ts';
import { meantFlag, meantNumber } from './lax-values.ts';
import { isRecord, own } from './locations.ts';

/**
 * Words for a constraint in other schema languages, in older drafts of JSON Schema, and in the mouths
 * of people; in lower case without separators.
 */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  required: ['mandatory', 'obligatory', 'compulsory', 'needed', 'optional'],
  properties: ['fields', 'attributes', 'members', 'optionalproperties'],
  additionalProperties: `additional extra closed sealed strict exact allowunknown
    unknown`.split(/\s+/),
  dependentRequired: ['dependson'],
  items: ['elements', 'element', 'arrayof', 'itemtype'],
  enum: `values allowed allowedvalues permitted permittedvalues possiblevalues validvalues
    acceptedvalues valid choices options enumeration symbols literals oneofvalues whitelist
    allowlist`.split(/\s+/),
  const: ['constant', 'fixed', 'equals', 'equal', 'eq', 'literal', 'exactly'],
  pattern:
    `regex regexp regularexpression match matches mask startswith beginswith endswith formatminimum
    formatmaximum formatexclusiveminimum formatexclusivemaximum`.split(/\s+/),
  multipleOf: `multiple divisibleby divisor step increment decimals decimalplaces fractiondigits
    maxdecimal scale`.split(/\s+/),
  minimum: `gte ge atleast greaterthanorequal lowerbound lowerlimit lower floor
    nonnegative unsigned`.split(/\s+/),
  exclusiveMinimum: `gt greater greaterthan morethan above positive minimumcanequal`.split(/\s+/),
  maximum: `lte le atmost lessthanorequal upperbound upperlimit upper ceiling limit totaldigits
    digits precision`.split(/\s+/),
  exclusiveMaximum: ['lt', 'less', 'lessthan', 'below', 'negative', 'maximumcanequal'],
  'minimum and maximum': ['range', 'between', 'interval'],
  size: ['length', 'size', 'len', 'count'],
  minSize: ['nonempty', 'notempty', 'notblank', 'nonblank'],
  uniqueItems: ['unique', 'distinct', 'noduplicates'],
  not: `disallow disallowed forbidden prohibited exclude excludes except denied noneof notin notenum
    blacklist denylist`.split(/\s+/),
  allOf: `extends inherits inheritsfrom intersection mixin mixins validators validations constraints
    rules`.split(/\s+/),
  anyOf: ['union', 'choice', 'alternatives', 'variants'],
  type: ['datatype'],
};

const MEANT = new Map(
  Object.entries(WORDS).flatMap(([keyword, words]) => words.map((word) => [word, keyword])),
);

/** Parts of names that say the same; an empty one adds nothing. */
const STEMS: Readonly<Record<string, string>> = {
  minimum: 'min',
  minimal: 'min',
  least: 'min',
  maximum: 'max',
  maximal: 'max',
  most: 'max',
  prop: 'property',
  key: 'property',
  member: 'property',
  field: 'property',
  element: 'item',
  occur: 'item',
  entry: 'item',
  len: 'length',
  char: 'length',
  character: 'length',
  distinct: 'unique',
  requirement: 'required',
  require: 'required',
  dependency: 'dependent',
  regex: 'pattern',
  extra: 'additional',
  further: 'additional',
  other: 'additional',
  val: '',
  value: '',
  number: '',
  inclusive: '',
};

/** `maximumLength`, `lengthMax` and `max_lengths` are one bag of words, that of `maxLength`. */
function bagOf(name: string): string {
  const words = name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ').toLowerCase();
  return words
    .split(/[\s_-]+/)
    .map((word) => word.replace(/ies$/, 'y').replace(/(?<!s)s$/, ''))
    .map((word) => (Object.hasOwn(STEMS, word) ? STEMS[word]! : word))
    .filter((word) => word !== '')
    .sort()
    .join(' ');
}

const BAGS = new Map<string, string>([
  ...Object.keys(KEYWORD_FORMS)
    // `nots` and `ifs` are words of their own.
    .filter((name) => name.length >= 4 && !name.startsWith('$'))
    .map((name) => [bagOf(name), name] as const),
  ['property required', 'required'],
  ['max size', 'maxSize'],
  ['min size', 'minSize'],
  ['count max', 'maxSize'],
  ['count min', 'minSize'],
]);

/** The keyword that a word of this kind stands for in a schema; undefined for other words. */
export function foreignMeaning(name: string, schema: object): string | undefined {
  if (name.length > LENGTH_MAX) return undefined;
  const meant = MEANT.get(wordOf(name)) ?? BAGS.get(bagOf(name));
  if (meant === 'size' || meant === 'minSize' || meant === 'maxSize') return sizeOf(meant, schema);
  if ((meant === 'minimum' || meant === 'maximum') && isBare(name)) {
    return hasType(schema, 'number')
      ? meant
      : sizeOf(meant === 'minimum' ? 'minSize' : 'maxSize', schema);
  }
  return meant;
}

const LENGTH_MAX = 40;

const wordOf = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');

const isBare = (name: string): boolean => /^m(?:in|ax)$/i.test(name);

function sizeOf(meant: 'size' | 'minSize' | 'maxSize', schema: object): string {
  const what = hasType(schema, 'string')
    ? 'Length'
    : hasType(schema, 'array')
      ? 'Items'
      : hasType(schema, 'object')
        ? 'Properties'
        : 'Length';
  if (meant === 'size') return `min${what} and max${what}`;
  return `${meant.slice(0, 3)}${what}`;
}

/** A schema without `type` may be of any. */
function hasType(schema: object, wanted: string): boolean {
  const type = own(schema, 'type');
  if (type === undefined) return true;
  const names = (Array.isArray(type) ? type : [type]).map((name) =>
    name === 'integer' ? 'number' : name,
  );
  return names.includes(wanted);
}

/**
 * Whether the value has the form of the constraint: a number for a bound, a list for values. A text
 * behind `max`, or an object behind `values`, is a note to readers.
 */
export function couldConstrain(
  name: string,
  meant: string,
  value: unknown,
  schema: object,
): boolean {
  const flag = meantFlag(value);
  const word = wordOf(name);
  if (flag !== undefined && FLAG_WORDS.has(word)) return flag !== INVERSE_WORDS.has(word);
  if (meant === 'uniqueItems' && !hasType(schema, 'array')) return false;
  // Beside `type`, it speaks of a column or a class.
  if (word === 'datatype' && own(schema, 'type') !== undefined) return false;
  const [keyword, other] = meant.split(' and ') as [string, string?];
  if (other !== undefined && (isList(value) || isRecord(value))) return true;
  switch (KEYWORD_FORMS[keyword]) {
    case 'number':
    case 'positiveNumber':
    case 'count':
      return isNumber(value) || (keyword.startsWith('exclusive') && flag === true);
    case 'boolean':
      return flag === true;
    case 'strings':
      return flag === true || isList(value);
    case 'string':
      return isText(value) || isList(value);
    case 'types':
      return isTypeName(value) || (Array.isArray(value) && value.some(isTypeName));
    case 'values':
      return isList(value);
    case 'any':
      return typeof value !== 'boolean' || hasType(schema, 'boolean');
    case 'schemaMap':
      return isRecord(value) && Object.values(value).some(isSchema);
    case 'schema':
      if (keyword === 'not') return isText(value) || isList(value) || isRecord(value);
      return isSchema(value) || isTypeName(value);
    case 'schemas':
      return isList(value) || isRecord(value) || (keyword === 'allOf' && isText(value));
    default:
      return isList(value) || isRecord(value);
  }
}

/** Words that speak of columns and of forms at least as often: told, and no reason not to start. */
const OFTEN_NOTES = new Set(
  `precision scale digits totaldigits decimals decimalplaces limit step increment options validators
  validations constraints rules`.split(/\s+/),
);

export const isOftenNote = (name: string): boolean => OFTEN_NOTES.has(wordOf(name));

/** Whether a field beside a schema says what the schema should. */
export function speaksOfConstraint(name: string, value: unknown): boolean {
  const meant = foreignMeaning(name, {});
  return meant !== undefined && couldConstrain(name, meant, value, {});
}

/** Words that are said with true or false, whatever their keyword takes. */
const FLAG_WORDS = new Set(
  `closed sealed strict exact additional extra nonempty notempty notblank nonblank positive negative
  nonnegative unsigned minimumcanequal maximumcanequal noduplicates optional allowunknown unknown`.split(
    /\s+/,
  ),
);
/** Those that constrain where they are false. */
const INVERSE_WORDS = new Set([
  'additional',
  'extra',
  'allowunknown',
  'unknown',
  'minimumcanequal',
  'maximumcanequal',
  'optional',
]);

const isNumber = (value: unknown): boolean =>
  isSchemaNumber(value) || meantNumber(value) !== undefined;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
