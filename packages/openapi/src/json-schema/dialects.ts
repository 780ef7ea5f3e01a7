import { faultOf, KEYWORD_FORMS } from './keyword-forms.ts';
import { isRecord, type Location, own, type Resource } from './locations.ts';
import type { Registry } from './registry.ts';
import { isOldDraft } from './resources.ts';
import type { CompileOptions, Dialect, SchemaDiagnostic } from './types.ts';
import { remarkOnUnknown } from './unknown-keywords.ts';

/** One keyword in the terms of 2020-12, and where its value stands in the author's text. */
export interface Keyword {
  readonly value: unknown;
  readonly steps: readonly string[];
}
export type Keywords = Map<string, Keyword>;

export type Report = (
  severity: 'error' | 'warning',
  at: { location: Location; steps?: readonly string[] },
  message: string,
  suggestion?: string,
) => void;

type OldDraft = '2019-09' | '07' | '06' | '04' | '03';

export interface KeywordReading {
  readonly options: CompileOptions;
  readonly registry: Registry;
  readonly report: Report;
  /** Words that are no keywords and could mean anything, each with a schema that has it. */
  readonly takenForNotes: Map<string, Location>;
}

/** Restates a schema of any dialect in 2020-12 keywords, each of the right form or left out. */
export function readKeywords(
  location: Location,
  { options, registry, report, takenForNotes }: KeywordReading,
): Keywords {
  const { dialect, reading } = options;
  const keywords: Keywords = new Map();
  for (const [name, value] of Object.entries(location.node as object))
    keywords.set(name, { value, steps: [name] });

  const draft = oldDraftOf(location.resource);
  const warn = (message: string, steps: string[], suggestion?: string) =>
    report('warning', { location, steps }, message, suggestion);
  if (draft !== undefined) restateOldDraft(keywords, draft, warn);
  else if (dialect === 'openapi-3.0' && location.resource.schemaUri === undefined) {
    restateOpenApi30(keywords, warn, reading === 'meant');
  } else if (
    keywords.get('nullable')?.value === true &&
    dialect !== 'json-schema-2020-12' &&
    reading !== 'meant'
  ) {
    warn('nullable has no effect in OpenAPI 3.1', ['nullable'], 'add "null" to type');
  }
  if (draft === undefined) restateLegacy({ keywords, dialect, location, warn, report });
  if (!hasValidationVocabulary(location.resource, registry)) {
    for (const name of VALIDATION_KEYWORDS) keywords.delete(name);
  }
  if (
    keywords.get('required') !== undefined &&
    typeof keywords.get('required')!.value === 'boolean'
  ) {
    warn(
      'required beside a property has no effect',
      ['required'],
      "list the name in the parent's required",
    );
    keywords.delete('required');
  }
  if (dialect === 'json-schema-2020-12') keywords.delete('discriminator');
  // `properties:` with nothing after it is null in YAML, and plainly means none.
  for (const name of ['properties', 'required']) {
    if (keywords.get(name)?.value !== null) continue;
    warn(`${name} is empty`, [name], 'leave it out');
    keywords.delete(name);
  }

  for (const [name, { value, steps }] of keywords) {
    if (!Object.hasOwn(KEYWORD_FORMS, name)) {
      const isMeant = reading === 'meant';
      const isNote = !remarkOnUnknown({ name, value, location, isMeant, report });
      if (isNote && !takenForNotes.has(name)) takenForNotes.set(name, location);
      continue;
    }
    const fault = faultOf(name, value);
    if (fault === undefined) continue;
    const place = fault.step === undefined ? steps : [...steps, fault.step];
    report('error', { location, steps: place }, fault.message, fault.suggestion);
    keywords.delete(name);
  }
  return keywords;
}

export function oldDraftOf(resource: Resource): OldDraft | undefined {
  const found = /json-schema\.org\/draft(?:-(0[3-7])|\/(2019-09))\//.exec(resource.schemaUri ?? '');
  return (found?.[1] ?? found?.[2]) as OldDraft | undefined;
}

/** An OpenAPI document may make an old draft the dialect of all its schemas. */
export function warnOfOldDialects(
  documents: ReadonlyMap<string, unknown>,
  note: (diagnostic: SchemaDiagnostic) => void,
): void {
  for (const [document, node] of documents) {
    const uri = own(node, 'jsonSchemaDialect');
    if (typeof uri !== 'string' || !isOldDraft(uri)) continue;
    note({
      severity: 'warning',
      address: `${document}#/jsonSchemaDialect`,
      message: 'an old draft of JSON Schema is read as far as 2020-12 can say it',
    });
  }
}

/** Formats are asserted where the schema's own metaschema says so. */
export function hasFormatAssertion(resource: Resource, registry: Registry): boolean {
  return vocabularyOf(resource, registry)?.[`${VOCABULARY}format-assertion`] !== undefined;
}

const VOCABULARY = 'https://json-schema.org/draft/2020-12/vocab/';

function vocabularyOf(resource: Resource, registry: Registry): Record<string, unknown> | undefined {
  if (resource.schemaUri === undefined) return undefined;
  const declared = own(registry.resourceAt(resource.schemaUri)?.root, '$vocabulary');
  return isRecord(declared) ? declared : undefined;
}

function hasValidationVocabulary(resource: Resource, registry: Registry): boolean {
  const vocabulary = vocabularyOf(resource, registry);
  return vocabulary === undefined || Object.hasOwn(vocabulary, `${VOCABULARY}validation`);
}

const VALIDATION_KEYWORDS = `type enum const multipleOf minimum maximum exclusiveMinimum
  exclusiveMaximum minLength maxLength pattern minItems maxItems uniqueItems minContains maxContains
  minProperties maxProperties required dependentRequired`.split(/\s+/);

type Warn = (message: string, steps: string[], suggestion?: string) => void;

/** Keywords of older drafts whose meaning 2020-12 moved elsewhere: the author meant them. */
function restateLegacy(schema: {
  readonly keywords: Keywords;
  readonly dialect: Dialect;
  readonly location: Location;
  readonly warn: Warn;
  readonly report: Report;
}): void {
  const { keywords, dialect, location, warn, report } = schema;
  if (keywords.has('dependencies')) {
    const isMixed = keywords.has('dependentRequired') || keywords.has('dependentSchemas');
    if (isMixed || !isRecord(keywords.get('dependencies')!.value)) {
      const message = isMixed
        ? 'dependencies beside the keywords that replaced it has no effect'
        : 'dependencies must be an object of schemas or lists of names';
      report('error', { location, steps: ['dependencies'] }, message);
    } else {
      warn('dependencies was split in two; it is enforced as in draft 07', ['dependencies'], SPLIT);
      restateDependencies(keywords);
    }
  }
  if (dialect === 'json-schema-2020-12') return;
  for (const [flag, bound] of EXCLUSIVE) {
    const exclusive = keywords.get(flag);
    if (typeof exclusive?.value !== 'boolean') continue;
    warn(
      `${flag} is a number; true and false are read as in draft 04`,
      [flag],
      `leave out ${bound}`,
    );
    restateExclusive(keywords, flag, bound);
  }
  if (Array.isArray(keywords.get('items')?.value) && !keywords.has('prefixItems')) {
    warn(
      'items is one schema; a list of them is read as prefixItems',
      ['items'],
      'use prefixItems',
    );
    restateItems(keywords);
  }
  const recursive = keywords.get('$recursiveRef');
  if (recursive === undefined || keywords.has('$ref')) return;
  warn('$recursiveRef is read as $ref', ['$recursiveRef'], 'use $dynamicRef, or $ref');
  keywords.set('$ref', recursive);
}

const SPLIT = 'use dependentRequired or dependentSchemas';
const EXCLUSIVE = [
  ['exclusiveMinimum', 'minimum'],
  ['exclusiveMaximum', 'maximum'],
] as const;

const OPENAPI_30_KEYWORDS = new Set(
  `title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern
  maxItems minItems uniqueItems maxProperties minProperties required enum type allOf oneOf anyOf not
  items properties additionalProperties description format default nullable discriminator readOnly
  writeOnly xml externalDocs example deprecated $ref`.split(/\s+/),
);

/**
 * OpenAPI 3.0: `$ref` hides its siblings, `nullable` widens `type`, exclusive bounds are flags.
 * Keywords of later dialects are enforced all the same: the author who wrote them meant them.
 */
function restateOpenApi30(keywords: Keywords, warn: Warn, isMeant: boolean): void {
  if (keywords.has('$ref')) {
    if (!isMeant) {
      hideSiblings(keywords, warn);
      return;
    }
    meanSiblings(keywords, warn);
  }
  for (const name of keywords.keys()) {
    if (OPENAPI_30_KEYWORDS.has(name) || !Object.hasOwn(KEYWORD_FORMS, name)) continue;
    warn(`${name} is not part of OpenAPI 3.0; it is enforced as in JSON Schema 2020-12`, [name]);
  }
  restateExclusive(keywords, 'exclusiveMinimum', 'minimum');
  restateExclusive(keywords, 'exclusiveMaximum', 'maximum');
  const type = keywords.get('type');
  if (Array.isArray(type?.value)) {
    warn('a list of types is not part of OpenAPI 3.0; it is enforced', ['type']);
  }
  if (keywords.get('nullable')?.value !== true || isMeant) return;
  if (type === undefined) {
    warn('nullable has no effect without type beside it', ['nullable'], 'add type');
  } else {
    const types = Array.isArray(type.value) ? type.value : [type.value];
    keywords.set('type', { value: [...types, 'null'], steps: type.steps });
  }
}

function hideSiblings(keywords: Keywords, warn: Warn): void {
  for (const name of keywords.keys()) {
    if (name === '$ref') continue;
    if (Object.hasOwn(KEYWORD_FORMS, name) || name === 'readOnly' || name === 'writeOnly') {
      warn(`${name} has no effect beside $ref in OpenAPI 3.0`, [name], 'wrap the $ref in allOf');
    }
    keywords.delete(name);
  }
}

/**
 * OpenAPI 3.0 ignores what stands beside a `$ref` and 3.1 does not: an author who wrote it meant it.
 * Of a closed object the author sees all members as one, those of the reference included.
 */
function meanSiblings(keywords: Keywords, warn: Warn): void {
  for (const name of keywords.keys()) {
    if (name === '$ref' || !Object.hasOwn(KEYWORD_FORMS, name)) continue;
    warn(`${name} beside $ref is enforced, too`, [name], 'wrap the $ref in allOf');
  }
  // The type that counts is that of the schema referred to; authors write `object` here by habit.
  keywords.delete('type');
  const additional = keywords.get('additionalProperties');
  if (additional === undefined || keywords.has('unevaluatedProperties')) return;
  keywords.delete('additionalProperties');
  keywords.set('unevaluatedProperties', additional);
}

/** `exclusiveMinimum: true` beside `minimum: 3` is what 2020-12 calls `exclusiveMinimum: 3`. */
function restateExclusive(keywords: Keywords, flag: string, bound: string): void {
  const exclusive = keywords.get(flag);
  if (typeof exclusive?.value !== 'boolean') return;
  const limit = keywords.get(bound);
  keywords.delete(flag);
  if (!exclusive.value || limit === undefined) return;
  keywords.set(flag, limit);
  keywords.delete(bound);
}

function restateOldDraft(keywords: Keywords, draft: OldDraft, warn: Warn): void {
  if (keywords.has('$schema')) {
    warn(`JSON Schema draft ${draft} is read as far as 2020-12 can say it`, ['$schema']);
  }
  if (keywords.has('$ref') && draft !== '2019-09') {
    for (const name of keywords.keys()) if (name !== '$ref') keywords.delete(name);
    return;
  }
  keywords.delete('prefixItems');
  keywords.delete('$dynamicRef');
  if (draft === '04' || draft === '03') {
    restateExclusive(keywords, 'exclusiveMinimum', 'minimum');
    restateExclusive(keywords, 'exclusiveMaximum', 'maximum');
    for (const name of ['const', 'contains', 'propertyNames', 'if']) keywords.delete(name);
  }
  if (draft !== '2019-09') {
    for (const name of NEW_IN_2019) keywords.delete(name);
  } else if (keywords.get('$recursiveRef')?.value === '#') {
    keywords.set('$dynamicRef', { value: '#', steps: ['$recursiveRef'] });
  }
  restateItems(keywords);
  if (draft !== '2019-09' && isRecord(keywords.get('dependencies')?.value)) {
    restateDependencies(keywords);
  }
}

function restateItems(keywords: Keywords): void {
  const items = keywords.get('items');
  const additional = keywords.get('additionalItems');
  if (!Array.isArray(items?.value)) return;
  keywords.delete('items');
  if (items.value.length > 0) keywords.set('prefixItems', items);
  if (additional !== undefined) keywords.set('items', additional);
}

function restateDependencies(keywords: Keywords): void {
  const { value, steps } = keywords.get('dependencies')!;
  const rules = Object.entries(value as object);
  const lists = rules.filter(([, rule]) => Array.isArray(rule));
  const schemas = rules.filter(([, rule]) => !Array.isArray(rule));
  keywords.set('dependentRequired', { value: Object.fromEntries(lists), steps });
  keywords.set('dependentSchemas', { value: Object.fromEntries(schemas), steps });
}

const NEW_IN_2019 = `dependentRequired dependentSchemas minContains maxContains unevaluatedItems
  unevaluatedProperties`.split(/\s+/);
