import { isTypeName } from './foreign-types.ts';
import { isSchema, isSchemaNumber, KEYWORD_FORMS } from './keyword-forms.ts';
import { meantFlag, meantNumber } from './lax-values.ts';
import { isRecord, own } from './locations.ts';
import { hasWordOfNotes, leaveFor, meaningOfWords, stemsOf } from './words-of-names.ts';

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
    allowlist inlist inset inarray isin isoneof`.split(/\s+/),
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
  'minimum and maximum': ['range', 'between', 'interval', 'bounds', 'minmax'],
  size: ['length', 'size', 'len', 'count'],
  minSize: ['nonempty', 'notempty', 'notblank', 'nonblank'],
  uniqueItems: ['unique', 'distinct', 'noduplicates'],
  not: `disallow disallowed forbidden prohibited exclude excludes except denied noneof notin notenum
    blacklist denylist deny denies ban bans banned reject rejects rejected forbid forbids ne neq noteq
    unequal differentfrom`.split(/\s+/),
  allOf: `extends inherits inheritsfrom intersection mixin mixins validators validations constraints
    rules`.split(/\s+/),
  anyOf: ['union', 'choice', 'alternatives', 'variants'],
  type: `datatype notnull nonnull notnullable nonnullable null allownull allownulls nullallowed
    canbenull`.split(/\s+/),
};

const MEANT = new Map(
  Object.entries(WORDS).flatMap(([keyword, words]) => words.map((word) => [word, keyword])),
);

/** The keyword that a word of this kind stands for in a schema; undefined for other words. */
export function foreignMeaning(name: string, schema: object): string | undefined {
  if (name.length > LENGTH_MAX) return undefined;
  const meant = MEANT.get(wordOf(name)) ?? meaningOfWords(name, (word) => MEANT.get(word));
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
  if (NULL_WORDS.has(word)) {
    // Where the type says so already, it is a note.
    return flag !== undefined && flag !== INVERSE_WORDS.has(word) && takesNull(schema);
  }
  if (flag !== undefined && FLAG_WORDS.has(word)) return flag !== INVERSE_WORDS.has(word);
  const leave = leaveFor(stemsOf(name));
  if (leave !== undefined) return flag === (leave === 'taken');
  // Its instances may be nested without a bound: no keyword says otherwise.
  if (meant === 'depth') return isNumber(value);
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
      if (keyword === 'not') {
        const isSeveral = isList(value) || isRecord(value);
        return isSeveral || (!VERBS.has(word) && (isText(value) || isNumber(value)));
      }
      return isSchema(value) || isTypeName(value);
    case 'schemas':
      return isList(value) || isRecord(value) || (keyword === 'allOf' && isText(value));
    default:
      return isList(value) || isRecord(value) || (isMadeUpNote(name) && isText(value));
  }
}

/** Behind these, a text is an explanation. */
const VERBS = new Set('deny denies ban bans reject rejects forbid forbids'.split(' '));

const NULL_WORDS = new Set(WORDS['type']?.filter((word) => word.includes('null')));

function takesNull(schema: object): boolean {
  const type = own(schema, 'type');
  if (type === undefined) return true;
  return meantFlag(own(schema, 'nullable')) === true || [type].flat().includes('null');
}

/** Words that speak of columns and of forms at least as often: told, and no reason not to start. */
const OFTEN_NOTES = new Set(
  `precision scale digits totaldigits decimals decimalplaces limit step increment options validators
  validations constraints rules`.split(/\s+/),
);

export const isOftenNote = (name: string): boolean =>
  OFTEN_NOTES.has(wordOf(name)) || NULL_WORDS.has(wordOf(name)) || isMadeUpNote(name);

/** `maxFileSize`, `requiredWhen`: of no other language, and of something that stands in notes. */
const isMadeUpNote = (name: string): boolean => !MEANT.has(wordOf(name)) && hasWordOfNotes(name);

/** Whether a field beside a schema says what the schema should. */
export function speaksOfConstraint(name: string, value: unknown): boolean {
  const meant = isMadeUpNote(name) ? undefined : foreignMeaning(name, {});
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
  ...['null', 'allownull', 'allownulls', 'nullallowed', 'canbenull'],
]);

const isNumber = (value: unknown): boolean =>
  isSchemaNumber(value) || meantNumber(value) !== undefined;

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
