const DIALECT = 'https://json-schema.org/draft/2020-12';

const WHOLE = {
  ...heading('schema', [
    ...['core', 'applicator', 'unevaluated', 'validation'],
    ...['meta-data', 'format-annotation', 'content'],
  ]),
  title: 'Core and Validation specifications meta-schema',
  allOf: [
    { $ref: 'meta/core' },
    { $ref: 'meta/applicator' },
    { $ref: 'meta/unevaluated' },
    { $ref: 'meta/validation' },
    { $ref: 'meta/meta-data' },
    { $ref: 'meta/format-annotation' },
    { $ref: 'meta/content' },
  ],
  type: ['object', 'boolean'],
  $comment:
    'This meta-schema also defines keywords that have appeared in previous drafts in order to prevent incompatible extensions as they remain in common use.',
  properties: {
    definitions: {
      $comment: '"definitions" has been replaced by "$defs".',
      type: 'object',
      additionalProperties: { $dynamicRef: '#meta' },
      deprecated: true,
      default: {},
    },
    dependencies: {
      $comment:
        '"dependencies" has been split and replaced by "dependentSchemas" and "dependentRequired" in order to serve their differing semantics.',
      type: 'object',
      additionalProperties: {
        anyOf: [{ $dynamicRef: '#meta' }, { $ref: 'meta/validation#/$defs/stringArray' }],
      },
      deprecated: true,
      default: {},
    },
    $recursiveAnchor: {
      $comment: '"$recursiveAnchor" has been replaced by "$dynamicAnchor".',
      $ref: 'meta/core#/$defs/anchorString',
      deprecated: true,
    },
    $recursiveRef: {
      $comment: '"$recursiveRef" has been replaced by "$dynamicRef".',
      $ref: 'meta/core#/$defs/uriReferenceString',
      deprecated: true,
    },
  },
};

/** One document each: its keywords, and what their values look like. */
const VOCABULARIES = [
  vocabulary('applicator', 'Applicator vocabulary meta-schema', {
    properties: {
      prefixItems: { $ref: '#/$defs/schemaArray' },
      items: { $dynamicRef: '#meta' },
      contains: { $dynamicRef: '#meta' },
      additionalProperties: { $dynamicRef: '#meta' },
      properties: { type: 'object', additionalProperties: { $dynamicRef: '#meta' }, default: {} },
      patternProperties: {
        type: 'object',
        additionalProperties: { $dynamicRef: '#meta' },
        propertyNames: { format: 'regex' },
        default: {},
      },
      dependentSchemas: {
        type: 'object',
        additionalProperties: { $dynamicRef: '#meta' },
        default: {},
      },
      propertyNames: { $dynamicRef: '#meta' },
      if: { $dynamicRef: '#meta' },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $dynamicRef: '#meta' },
      else: { $dynamicRef: '#meta' },
      allOf: { $ref: '#/$defs/schemaArray' },
      anyOf: { $ref: '#/$defs/schemaArray' },
      oneOf: { $ref: '#/$defs/schemaArray' },
      not: { $dynamicRef: '#meta' },
    },
    $defs: { schemaArray: { type: 'array', minItems: 1, items: { $dynamicRef: '#meta' } } },
  }),
  vocabulary('content', 'Content vocabulary meta-schema', {
    properties: {
      contentEncoding: { type: 'string' },
      contentMediaType: { type: 'string' },
      contentSchema: { $dynamicRef: '#meta' },
    },
  }),
  vocabulary('core', 'Core vocabulary meta-schema', {
    properties: {
      $id: {
        $ref: '#/$defs/uriReferenceString',
        $comment: 'Non-empty fragments not allowed.',
        pattern: '^[^#]*#?$',
      },
      $schema: { $ref: '#/$defs/uriString' },
      $ref: { $ref: '#/$defs/uriReferenceString' },
      $anchor: { $ref: '#/$defs/anchorString' },
      $dynamicRef: { $ref: '#/$defs/uriReferenceString' },
      $dynamicAnchor: { $ref: '#/$defs/anchorString' },
      $vocabulary: {
        type: 'object',
        propertyNames: { $ref: '#/$defs/uriString' },
        additionalProperties: { type: 'boolean' },
      },
      $comment: { type: 'string' },
      $defs: { type: 'object', additionalProperties: { $dynamicRef: '#meta' } },
    },
    $defs: {
      anchorString: { type: 'string', pattern: '^[A-Za-z_][-A-Za-z0-9._]*$' },
      uriString: { type: 'string', format: 'uri' },
      uriReferenceString: { type: 'string', format: 'uri-reference' },
    },
  }),
  vocabulary('format-annotation', 'Format vocabulary meta-schema for annotation results', {
    properties: { format: { type: 'string' } },
  }),
  vocabulary('meta-data', 'Meta-data vocabulary meta-schema', {
    properties: {
      title: { type: 'string' },
      description: { type: 'string' },
      default: true,
      deprecated: { type: 'boolean', default: false },
      readOnly: { type: 'boolean', default: false },
      writeOnly: { type: 'boolean', default: false },
      examples: { type: 'array', items: true },
    },
  }),
  vocabulary('unevaluated', 'Unevaluated applicator vocabulary meta-schema', {
    properties: {
      unevaluatedItems: { $dynamicRef: '#meta' },
      unevaluatedProperties: { $dynamicRef: '#meta' },
    },
  }),
  vocabulary('validation', 'Validation vocabulary meta-schema', {
    properties: {
      type: {
        anyOf: [
          { $ref: '#/$defs/simpleTypes' },
          { type: 'array', items: { $ref: '#/$defs/simpleTypes' }, minItems: 1, uniqueItems: true },
        ],
      },
      const: true,
      enum: { type: 'array', items: true },
      multipleOf: { type: 'number', exclusiveMinimum: 0 },
      maximum: { type: 'number' },
      exclusiveMaximum: { type: 'number' },
      minimum: { type: 'number' },
      exclusiveMinimum: { type: 'number' },
      maxLength: { $ref: '#/$defs/nonNegativeInteger' },
      minLength: { $ref: '#/$defs/nonNegativeIntegerDefault0' },
      pattern: { type: 'string', format: 'regex' },
      maxItems: { $ref: '#/$defs/nonNegativeInteger' },
      minItems: { $ref: '#/$defs/nonNegativeIntegerDefault0' },
      uniqueItems: { type: 'boolean', default: false },
      maxContains: { $ref: '#/$defs/nonNegativeInteger' },
      minContains: { $ref: '#/$defs/nonNegativeInteger', default: 1 },
      maxProperties: { $ref: '#/$defs/nonNegativeInteger' },
      minProperties: { $ref: '#/$defs/nonNegativeIntegerDefault0' },
      required: { $ref: '#/$defs/stringArray' },
      dependentRequired: { type: 'object', additionalProperties: { $ref: '#/$defs/stringArray' } },
    },
    $defs: {
      nonNegativeInteger: { type: 'integer', minimum: 0 },
      nonNegativeIntegerDefault0: { $ref: '#/$defs/nonNegativeInteger', default: 0 },
      simpleTypes: { enum: ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] },
      stringArray: { type: 'array', items: { type: 'string' }, uniqueItems: true, default: [] },
    },
  }),
  vocabulary('format-assertion', 'Format vocabulary meta-schema for assertion results', {
    properties: { format: { type: 'string' } },
  }),
];

/** The documents that describe JSON Schema 2020-12 itself; schemas refer to them by address. */
export const METASCHEMAS: ReadonlyMap<string, unknown> = new Map(
  [WHOLE, ...VOCABULARIES].map((document) => [document.$id, document]),
);

function vocabulary(name: string, title: string, keywords: object) {
  return {
    ...heading(`meta/${name}`, [name]),
    title,
    type: ['object', 'boolean'],
    ...keywords,
  };
}

function heading(path: string, vocabularies: readonly string[]) {
  return {
    $schema: `${DIALECT}/schema`,
    $id: `${DIALECT}/${path}`,
    $vocabulary: Object.fromEntries(vocabularies.map((name) => [`${DIALECT}/vocab/${name}`, true])),
    $dynamicAnchor: 'meta',
  };
}
