import { decimalOf, ExactNumber, isIntegral } from '../json/index.ts';
import { meantType } from './foreign-types.ts';
import { isRecord } from './locations.ts';
import { TYPE_BITS } from './shape.ts';
import { nearest, suggestionOf } from './suggest.ts';

export type KeywordForm =
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'string'
  | 'boolean'
  | 'number'
  | 'positiveNumber'
  | 'count'
  | 'strings'
  | 'stringsMap'
  | 'types'
  | 'values'
  | 'object'
  | 'any';

/** What each keyword we enforce must hold. */
export const KEYWORD_FORMS: Readonly<Record<string, KeywordForm>> = {
  $ref: 'string',
  $dynamicRef: 'string',
  type: 'types',
  enum: 'values',
  const: 'any',
  multipleOf: 'positiveNumber',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  minLength: 'count',
  maxLength: 'count',
  pattern: 'string',
  format: 'string',
  minItems: 'count',
  maxItems: 'count',
  uniqueItems: 'boolean',
  minContains: 'count',
  maxContains: 'count',
  prefixItems: 'schemas',
  items: 'schema',
  contains: 'schema',
  unevaluatedItems: 'schema',
  minProperties: 'count',
  maxProperties: 'count',
  required: 'strings',
  dependentRequired: 'stringsMap',
  properties: 'schemaMap',
  patternProperties: 'schemaMap',
  additionalProperties: 'schema',
  propertyNames: 'schema',
  unevaluatedProperties: 'schema',
  dependentSchemas: 'schemaMap',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  not: 'schema',
  if: 'schema',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: 'schema',
  else: 'schema',
  discriminator: 'object',
};

/** Keywords we know and need not enforce: no warning for these. */
export const SILENT_KEYWORDS: ReadonlySet<string> = new Set(
  `$id $schema $anchor $dynamicAnchor $recursiveAnchor $vocabulary $comment $defs definitions title description default
  deprecated readOnly writeOnly examples example xml externalDocs contentEncoding contentMediaType
  contentSchema nullable id additionalItems dependencies $recursiveRef`.split(/\s+/),
);

export interface FormFault {
  readonly message: string;
  readonly suggestion?: string | undefined;
  /** Where within the keyword's value the fault is. */
  readonly step?: string;
}

/** Undefined where the keyword's value can be enforced as written. */
export function faultOf(keyword: string, value: unknown): FormFault | undefined {
  switch (KEYWORD_FORMS[keyword]) {
    case 'schema':
      if (isSchema(value)) return undefined;
      if (keyword === 'items' && Array.isArray(value)) {
        return { message: 'items must be one schema', suggestion: 'use prefixItems for a list' };
      }
      return { message: `${keyword} must be a schema: an object, true or false` };
    case 'schemas':
      if (!Array.isArray(value)) return { message: `${keyword} must be a list of schemas` };
      if (value.length === 0) return { message: `${keyword} must list at least one schema` };
      return value.every(isSchema) ? undefined : { message: `${keyword} must hold schemas only` };
    case 'schemaMap': {
      if (!isRecord(value)) return { message: `${keyword} must be an object of schemas` };
      const wrong = Object.keys(value).find((name) => !isSchema(value[name]));
      if (wrong === undefined) return undefined;
      return { message: 'this must be a schema: an object, true or false', step: wrong };
    }
    case 'string':
      return typeof value === 'string' ? undefined : { message: `${keyword} must be a string` };
    case 'boolean':
      return typeof value === 'boolean'
        ? undefined
        : { message: `${keyword} must be true or false`, suggestion: unquoted(value) };
    case 'number':
    case 'positiveNumber':
    case 'count':
      return numberFault(keyword, value);
    case 'strings':
      return isStrings(value) ? undefined : { message: `${keyword} must be a list of names` };
    case 'stringsMap':
      return isRecord(value) && Object.values(value).every(isStrings)
        ? undefined
        : { message: `${keyword} must be an object of lists of names` };
    case 'types':
      return typesFault(value);
    case 'values':
      return Array.isArray(value) ? undefined : { message: `${keyword} must be a list of values` };
    case 'object':
      return isRecord(value) ? undefined : { message: `${keyword} must be an object` };
    default:
      return undefined;
  }
}

export const isSchema = (value: unknown): boolean => isRecord(value) || typeof value === 'boolean';

export const isSchemaNumber = (value: unknown): value is number | bigint | ExactNumber =>
  (typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactNumber) &&
  decimalOf(value) !== undefined;

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function numberFault(keyword: string, value: unknown): FormFault | undefined {
  const form = KEYWORD_FORMS[keyword];
  const wanted =
    form === 'count'
      ? 'a whole number, 0 or more'
      : form === 'number'
        ? 'a number'
        : 'a number above 0';
  const fault = { message: `${keyword} must be ${wanted}`, suggestion: unquoted(value) };
  if (!isSchemaNumber(value)) return fault;
  const decimal = decimalOf(value)!;
  if (form === 'number') return undefined;
  if (decimal.negative) return fault;
  if (form === 'positiveNumber') return decimal.digits === '' ? fault : undefined;
  if (!isIntegral(decimal)) return fault;
  const isCountable = decimal.digits.length + decimal.exponent <= COUNT_DIGITS_MAX;
  if (isCountable) return undefined;
  return { message: `${keyword} must be a whole number of at most ${COUNT_DIGITS_MAX} digits` };
}

/** `maxLength: 9223372036854775807` is what some tools write for none; 1e400 is a slip. */
const COUNT_DIGITS_MAX = 40;

function unquoted(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return /^(-?[0-9.]+|true|false)$/.test(value) ? `write ${value} without quotes` : undefined;
}

const TYPE_NAMES = Object.keys(TYPE_BITS);

function typesFault(value: unknown): FormFault | undefined {
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0) return { message: 'type must name at least one type' };
  for (const name of names) {
    if (typeof name === 'string' && TYPE_NAMES.includes(name)) continue;
    if (name === null)
      return { message: 'type must be a name', suggestion: 'write "null" in quotes' };
    if (typeof name !== 'string') return { message: 'type must be a name or a list of names' };
    return {
      message: `there is no type ${JSON.stringify(name.slice(0, 100))}`,
      suggestion: suggestionOf(meantType(name)?.type ?? nearest(name, TYPE_NAMES)),
    };
  }
  return undefined;
}
