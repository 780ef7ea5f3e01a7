import { isTypeName, meantType } from './foreign-types.ts';
import { faultOf, isSchemaNumber, KEYWORD_FORMS, SILENT_KEYWORDS } from './keyword-forms.ts';
import {
  isNegativeWhole,
  meantFlag,
  meantNumber,
  setMember,
  wholeNumberText,
} from './lax-values.ts';
import { isRecord } from './locations.ts';
import { writeValue } from './value-text.ts';

/** One place of a schema that is not written as the standard wants, and is read as it was meant. */
export interface Mending {
  readonly steps: readonly string[];
  readonly message: string;
  readonly suggestion: string;
}

type Schema = Record<string, unknown>;
type Note = (mending: Mending) => void;

/**
 * Rewrites, in place, the usual slips whose meaning is beyond doubt: quoted numbers, type names of
 * other languages, a single value where a list belongs. What is then enforced is at least as strict
 * as what the author meant; whatever could be read two ways is left for the compiler to refuse.
 */
export function mendSchema(schema: Schema, note: Note): void {
  respellKeywords(schema, note);
  for (const [name, value] of Object.entries(schema)) {
    if (FLAGS.has(name)) mendFlag(schema, name, value, note);
    else if (Object.hasOwn(KEYWORD_FORMS, name)) mendKeyword(schema, name, value, note);
  }
  mendMembers(schema, note);
  mendRequired(schema, note);
  mendEnum(schema, note);
}

const FLAGS = new Set(['nullable', 'readOnly', 'writeOnly', 'deprecated', 'uniqueItems']);

/** `maxlength`, `min_items`, `ReadOnly`: the letters of a keyword, and a value fit for it. */
const RESPELT = new Map(
  [...Object.keys(KEYWORD_FORMS), 'nullable', 'readOnly', 'writeOnly']
    .filter((name) => !name.startsWith('$'))
    .map((name) => [name.toLowerCase(), name]),
);

function respellKeywords(schema: Schema, note: Note): void {
  for (const [written, value] of Object.entries(schema)) {
    if (Object.hasOwn(KEYWORD_FORMS, written) || SILENT_KEYWORDS.has(written)) continue;
    const keyword = RESPELT.get(written.toLowerCase().replaceAll(/[-_]/g, ''));
    if (keyword === undefined || Object.hasOwn(schema, keyword)) continue;
    const isFit = FLAGS.has(keyword)
      ? meantFlag(value) !== undefined
      : faultOf(keyword, meantValue(keyword, value) ?? value) === undefined;
    if (!isFit) continue;
    delete schema[written];
    schema[keyword] = value;
    note({
      steps: [written],
      message: `'${written}' is read as ${keyword}`,
      suggestion: `write ${keyword}`,
    });
  }
}

function mendFlag(schema: Schema, name: string, value: unknown, note: Note): void {
  if (typeof value === 'boolean') return;
  if (value === null) {
    delete schema[name];
    return;
  }
  const flag = meantFlag(value);
  if (flag === undefined) return;
  schema[name] = flag;
  note(readAs(name, flag));
}

/** Emptiness that could mean a prohibition, or a lost reference, is no absence. */
const NEVER_EMPTY = new Set(
  `const type $ref $dynamicRef additionalProperties unevaluatedProperties unevaluatedItems not`.split(
    /\s+/,
  ),
);

function mendKeyword(schema: Schema, name: string, value: unknown, note: Note): void {
  const isEmptyList = (name === 'allOf' || name === 'prefixItems') && isEmpty(value);
  if ((value === null && !NEVER_EMPTY.has(name)) || isEmptyList) {
    delete schema[name];
    note({ steps: [name], message: `${name} is empty`, suggestion: 'leave it out' });
    return;
  }
  if (name === 'type') {
    mendType(schema, value, note);
    return;
  }
  if (faultOf(name, value) === undefined) return;
  const meant = meantValue(name, value);
  if (meant === undefined || meant === value) return;
  schema[name] = meant;
  note(readAs(name, meant));
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const readAs = (name: string, value: unknown): Mending => ({
  steps: [name],
  message: `this is read as ${name}: ${(writeValue(value) ?? '').slice(0, 100)}`,
  suggestion: 'write it so',
});

/** What a value of the wrong form stands for; undefined where that is not beyond doubt. */
function meantValue(keyword: string, value: unknown): unknown {
  switch (KEYWORD_FORMS[keyword]) {
    case 'number':
      if (keyword.startsWith('exclusive')) return meantNumber(value) ?? meantFlag(value);
      return meantNumber(value);
    case 'positiveNumber':
      return meantNumber(value);
    case 'count': {
      const number = meantNumber(value) ?? value;
      // Nothing is shorter than nothing. A negative maximum is a riddle.
      if (keyword.startsWith('min') && isNegativeWhole(number)) return 0;
      return number === value ? undefined : number;
    }
    case 'strings': {
      // A member may well be called `on` or `yes`.
      if (value === 'true' || value === 'false') return value === 'true';
      return isSingleWord(value) ? [value] : wholeNumbersAsNames(value);
    }
    case 'values':
      return isSingleWord(value) || isSchemaNumber(value) || typeof value === 'boolean'
        ? [value]
        : undefined;
    case 'schemas':
      return isRecord(value) ? [value] : undefined;
    case 'schema':
      return meantSchema(keyword, value);
    case 'object':
      return keyword === 'discriminator' && typeof value === 'string' && value !== ''
        ? { propertyName: value }
        : undefined;
    default:
      return undefined;
  }
}

/** `required: [1]` is a number to YAML. */
function wholeNumbersAsNames(value: unknown): unknown {
  if (!Array.isArray(value)) return undefined;
  const names = value.map((name) => wholeNumberText(name) ?? name);
  return names.every((name) => typeof name === 'string') ? names : undefined;
}

/** `a,b` and `a|b` may be several. */
const isSingleWord = (value: unknown): boolean =>
  typeof value === 'string' && value !== '' && !/[,|;[\]]/.test(value);

function meantSchema(keyword: string, value: unknown): unknown {
  const isLimit = /^(?:additional|unevaluated)/.test(keyword);
  if (isLimit && meantFlag(value) !== undefined) return meantFlag(value);
  return (isLimit || keyword === 'items') && isTypeName(value) ? { type: value } : undefined;
}

function mendType(schema: Schema, value: unknown, note: Note): void {
  if (value === null) return;
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0 || names.every(isTypeName)) return;
  const meant = names.map(meantType);
  const known = meant.filter((type) => type !== undefined);
  if (known.length < meant.length) return;
  if (known.some(({ type }) => type === null)) {
    delete schema['type'];
    note({
      steps: ['type'],
      message: "there is no type 'any': values of all types are accepted",
      suggestion: 'leave type out',
    });
    return;
  }
  const types = [...new Set(known.map(({ type }) => type))];
  const formats = [...new Set(known.flatMap(({ format }) => format ?? []))];
  schema['type'] = Array.isArray(value) ? types : types[0];
  const [format] = formats;
  const addsFormat = format !== undefined && formats.length === 1 && schema['format'] === undefined;
  if (addsFormat) schema['format'] = format;
  note({
    steps: ['type'],
    message: `${JSON.stringify(value).slice(0, 100)} is no type of JSON Schema; it is read as ${types.join(', ')}`,
    suggestion: `write type: ${types.join(', ')}${addsFormat ? ` and format: ${format}` : ''}`,
  });
}

/** `name:` with nothing behind it declares a property of any type; `name: string` of that type. */
function mendMembers(schema: Schema, note: Note): void {
  const properties = schema['properties'];
  if (!isRecord(properties)) return;
  for (const [name, value] of Object.entries(properties)) {
    // A reference that leads nowhere is no property of that name.
    if (name === '$ref' || (value !== null && !isTypeName(value))) continue;
    setMember(properties, name, value === null ? {} : { type: value });
    note({
      steps: ['properties', name],
      message:
        value === null
          ? 'this property is empty: any value is accepted'
          : `this is read as { type: ${value} }`,
      suggestion: 'write a schema',
    });
  }
}

/** `required: true` in a property, as drafts before 04 wrote it: its name belongs into the list. */
function mendRequired(schema: Schema, note: Note): void {
  const properties = schema['properties'];
  const listed = schema['required'] ?? [];
  if (!isRecord(properties) || !Array.isArray(listed)) return;
  for (const [name, property] of Object.entries(properties)) {
    if (!isRecord(property) || meantFlag(property['required']) === undefined) continue;
    const isRequired = meantFlag(property['required']);
    // A property that is itself an object may list one called `true` or `yes`.
    if (typeof property['required'] === 'string' && property['properties'] !== undefined) continue;
    delete property['required'];
    if (!isRequired) continue;
    note({
      steps: ['properties', name, 'required'],
      message: `the property '${name}' is read as required`,
      suggestion: 'list its name in `required` of the object',
    });
    if (!listed.includes(name)) listed.push(name);
    schema['required'] = listed;
  }
}

/** YAML reads `enum: [1, 2]` as numbers, also beside `type: string`; no value would ever fit. */
function mendEnum(schema: Schema, note: Note): void {
  const values = schema['enum'];
  if (!Array.isArray(values)) return;
  const types = [schema['type']].flat().filter((type) => type !== 'null');
  if (types.length !== 1 || !isTypeName(types[0])) return;
  const meant = values.map((value) => meantEnumValue(types[0], value));
  if (meant.every((value, index) => value === values[index])) return;
  schema['enum'] = meant;
  note({
    steps: ['enum'],
    message: `the values are read as type ${types[0]}, which stands beside them`,
    suggestion: types[0] === 'string' ? 'put them in quotes' : 'write them without quotes',
  });
}

function meantEnumValue(type: unknown, value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'boolean' ? String(value) : (wholeNumberText(value) ?? value);
    case 'integer':
    case 'number':
      return meantNumber(value) ?? value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    default:
      return value;
  }
}
