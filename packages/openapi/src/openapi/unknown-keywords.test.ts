import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, describeApi } from './testing.fixture.ts';

/** Words that JSON Schema does not know, in the schema of a body. */

function remarksOn(schema: unknown, openapi: string): string[] {
  const requestBody = { content: { 'application/json': { schema } } };
  const responses = { 200: { description: '' } };
  const compilation = compile(
    describeApi({ '/x': { post: { requestBody, responses } } }, { openapi }),
  );
  const remarks = compilation.ok ? compilation.warnings : compilation.errors;
  return remarks.map(
    ({ severity, message, suggestion }) => `${severity} ${message} (${suggestion})`,
  );
}

/** A schema, and what its author meant. */
const constraints: readonly (readonly [object, string])[] = [
  [{ type: 'object', property: { amount: { type: 'integer', maximum: 5 } } }, 'properties'],
  [{ type: 'object', fields: { amount: {} } }, 'properties'],
  [{ type: 'object', mandatory: ['amount'] }, 'required'],
  [{ type: 'object', requiredProperties: ['amount'] }, 'required'],
  [{ type: 'object', required_fields: ['amount'] }, 'required'],
  [{ type: 'object', allow_unknown: false }, 'additionalProperties'],
  [{ type: 'object', unknown: false }, 'additionalProperties'],
  [{ type: 'string', format: 'date', formatMaximum: '2030-01-01' }, 'pattern'],
  [{ type: 'string', startsWith: 'BE' }, 'pattern'],
  [{ properties: { a: { mandatory: true } } }, 'required'],
  [{ properties: { a: { optional: false } } }, 'required'],
  [{ type: 'object', additionalProperty: false }, 'additionalProperties'],
  [{ type: 'object', closed: true }, 'additionalProperties'],
  [{ type: 'object', extra_fields: false }, 'additionalProperties'],
  [{ type: 'object', patternProperty: { '^a': false } }, 'patternProperties'],
  [{ type: 'object', maxProps: 2 }, 'maxProperties'],
  [{ type: 'object', minKeys: 2 }, 'minProperties'],
  [{ type: 'object', dependsOn: { a: ['b'] } }, 'dependentRequired'],
  [{ type: 'integer', max: 5 }, 'maximum'],
  [{ type: 'integer', min: '5' }, 'minimum'],
  [{ max: 5 }, 'maximum'],
  [{ type: 'string', max: 5 }, 'maxLength'],
  [{ type: 'array', min: 5 }, 'minItems'],
  [{ type: 'integer', maxValue: 5 }, 'maximum'],
  [{ type: 'integer', maximum: 9, max: 5 }, 'maximum'],
  [{ type: 'number', minInclusive: 5 }, 'minimum'],
  [{ type: 'number', maxExclusive: 5 }, 'exclusiveMaximum'],
  [{ type: 'number', gt: 5 }, 'exclusiveMinimum'],
  [{ type: 'number', lte: 5 }, 'maximum'],
  [{ type: 'number', positive: true }, 'exclusiveMinimum'],
  [{ type: 'number', range: [1, 5] }, 'minimum" and "maximum'],
  [{ type: 'number', divisibleBy: 5 }, 'multipleOf'],
  [{ type: 'number', multiple: 5 }, 'multipleOf'],
  [{ type: 'number', fractionDigits: 2 }, 'multipleOf'],
  [{ type: 'string', length: 5 }, 'minLength" and "maxLength'],
  [{ type: 'string', size: 5 }, 'minLength" and "maxLength'],
  [{ type: 'array', size: 5 }, 'minItems" and "maxItems'],
  [{ type: 'string', maximumLength: 5 }, 'maxLength'],
  [{ type: 'string', lengthMax: 5 }, 'maxLength'],
  [{ type: 'string', max_len: 5 }, 'maxLength'],
  [{ type: 'string', notBlank: true }, 'minLength'],
  [{ type: 'string', regex: '^a$' }, 'pattern'],
  [{ type: 'string', regularExpression: '^a$' }, 'pattern'],
  [{ type: 'array', maxOccurs: 5 }, 'maxItems'],
  [{ type: 'array', maximumItems: 5 }, 'maxItems'],
  [{ type: 'array', unique: true }, 'uniqueItems'],
  [{ type: 'array', itemsUnique: true }, 'uniqueItems'],
  [{ type: 'array', elements: { type: 'integer' } }, 'items'],
  [{ types: ['string'] }, 'type'],
  [{ type: ['string', 'integer'], types: ['string'] }, 'type'],
  [{ values: ['a', 'b'] }, 'enum'],
  [{ allowedValues: ['a', 'b'] }, 'enum'],
  [{ choices: ['a', 'b'] }, 'enum'],
  [{ constant: 'a' }, 'const'],
  [{ extends: { properties: { a: { type: 'integer' } } } }, 'allOf'],
  [{ extends: '#/components/schemas/Pet' }, 'allOf'],
  [{ disallow: 'string' }, 'not'],
  [{ disallow: ['string', { type: 'integer' }] }, 'not'],
  [{ union: [{ type: 'string' }] }, 'anyOf'],
  // Families: what people make up of their parts.
  [{ type: 'string', maxBytes: 5 }, 'maxLength'],
  [{ type: 'string', maxByteLength: 5 }, 'maxLength'],
  [{ type: 'string', noLongerThan: 5 }, 'maxLength'],
  [{ type: 'string', shorterThan: 5 }, 'maxLength'],
  [{ type: 'string', 'not-shorter-than': 5 }, 'minLength'],
  [{ type: 'integer', bounds: [1, 5] }, 'minimum" and "maximum'],
  [{ type: 'integer', minMax: { min: 1, max: 5 } }, 'minimum" and "maximum'],
  [{ type: 'integer', rangeMin: 1 }, 'minimum'],
  [{ type: 'integer', range_max: 5 }, 'maximum'],
  [{ type: 'integer', maxAllowed: 5 }, 'maximum'],
  [{ type: 'integer', noMoreThan: 5 }, 'maximum'],
  [{ type: 'integer', greaterThanOrEqualTo: 5 }, 'minimum'],
  [{ type: 'integer', upperExclusive: 5 }, 'exclusiveMaximum'],
  [{ type: 'integer', fixedValue: 5 }, 'const'],
  [{ type: 'integer', ne: 5 }, 'not'],
  [{ type: 'integer', neq: 5 }, 'not'],
  [{ type: 'string', notEquals: 'a' }, 'not'],
  [{ type: 'string', notOneOf: ['a'] }, 'not'],
  [{ type: 'string', notMatches: '^a' }, 'not'],
  ...['deny', 'ban', 'reject', 'forbid'].map((word) => [{ [word]: ['a'] }, 'not'] as const),
  [{ type: 'string', inList: ['a'] }, 'enum'],
  [{ type: 'object', allowAdditional: false }, 'additionalProperties'],
  [{ type: 'object', allowExtra: false }, 'additionalProperties'],
  [{ type: 'object', noAdditional: true }, 'additionalProperties'],
  [{ type: 'object', no_extra_fields: true }, 'additionalProperties'],
];

for (const openapi of ['3.0.4', '3.1.1']) {
  test(`${openapi}: a constraint in words that JSON Schema does not know is not passed over`, () => {
    for (const [schema, meant] of constraints) {
      const told = remarksOn(schema, openapi).join('\n');
      assert.match(told, /^error there is no keyword "/, JSON.stringify(schema));
      assert.ok(told.includes(`did you mean "${meant}"?`), `${JSON.stringify(schema)}\n${told}`);
    }
    const told = remarksOn({ type: 'integer', max: 5 }, openapi).join('\n');
    assert.ok(told.includes('"x-max"'), told);
  });

  test(`${openapi}: words of columns and forms stop no start, and are told`, () => {
    for (const [schema, meant] of [
      [{ type: 'number', precision: 10, scale: 2 }, 'maximum'],
      [{ type: 'integer', limit: 100 }, 'maximum'],
      [{ type: 'string', options: [{ label: 'A', value: 'a' }] }, 'enum'],
      [{ type: 'string', format: 'binary', maxFileSize: 5 }, 'maxLength'],
      [{ type: 'number', maxDecimals: 2 }, 'multipleOf'],
      [{ type: 'string', minDate: '2030-01-01' }, 'pattern'],
      [{ notNull: true }, 'type'],
      [{ null: false }, 'type'],
      [{ properties: { a: { requiredWhen: 'b is there' } } }, 'dependentRequired'],
      [{ properties: { a: { required_without: ['b'] } } }, 'dependentRequired'],
      [{ type: 'object', maxDepth: 5 }, null],
    ] as const) {
      const told = remarksOn(schema, openapi).join('\n');
      assert.match(told, /^warning unknown keyword "/, JSON.stringify(schema));
      const suggested = meant === null ? 'bounds.jsonDepth' : `did you mean "${meant}"?`;
      assert.ok(told.includes(suggested), told);
      assert.doesNotMatch(told, /^error/m);
    }
  });

  test(`${openapi}: schemas behind a word that nobody knows are not passed over`, () => {
    for (const schema of [
      {
        type: 'object',
        shape: { a: { type: 'integer' }, b: { $ref: '#/components/schemas/Pet' } },
      },
      { type: 'object', must: [{ type: 'integer' }] },
      { type: 'array', every: { type: 'integer' } },
    ]) {
      const told = remarksOn(schema, openapi).join('\n');
      assert.match(told, /^error "\w+" is no keyword/, JSON.stringify(schema));
    }
  });

  test(`${openapi}: a description is not refused for notes and for members of such names`, () => {
    for (const schema of [
      { type: 'object', properties: { max: { type: 'integer' }, mandatory: { type: 'boolean' } } },
      { type: 'string', max: 'as long as it fits a page' },
      { type: 'string', values: { a: 'the first', b: 'the second' } },
      { type: 'string', size: 'medium' },
      { type: 'string', unique: true },
      { properties: { a: { type: 'string', mandatory: false, optional: true } } },
      { type: 'integer', maximum: 5, max: 5 },
      { type: 'string', minLength: 5, maxLength: 5, length: 5 },
      { type: 'string', datatype: 'string', dataType: 'varchar(5)' },
      { type: 'object', strict: false, key: true, group: 'a', order: 5, position: 1, unit: 'm' },
      { type: 'object', defs: { a: { type: 'integer' } }, properties: { b: { type: 'string' } } },
      { type: 'string', 'x-max': 5, 'x-values': ['a'] },
      { type: 'string', example: 'a', externalDocs: { url: 'https://x.example' } },
      { type: 'string', notNull: true, reject: 'what is no address', maxFileSize: '5 MB' },
      { type: 'string', sizes: ['S', 'M'], upperCase: true, lineLevel: 3, notEditable: true },
      {
        type: 'object',
        allowAdditional: true,
        allowExtra: true,
        noAdditional: false,
        denyAll: true,
      },
      { type: 'array', maxItemsPerPage: 5, limits: 5, ranges: 'all', minAge: 5 },
      { type: 'string', enum: ['a'], enumNames: ['A'], propertyOrder: 1, sample: { type: 'dog' } },
    ]) {
      const told = remarksOn(schema, openapi);
      const errors = told.filter((text) => text.startsWith('error'));
      assert.deepEqual(errors, [], JSON.stringify(schema));
    }
  });
}

test('words that may mean anything are told once, however many there are', () => {
  for (const openapi of ['3.0.4', '3.1.1']) {
    const told = (properties: object) => remarksOn({ type: 'object', properties }, openapi);
    assert.deepEqual(told({ a: { prefix: 'BE' }, b: { prefix: 'NL' } }), [
      'warning "prefix" is no keyword of JSON Schema: nothing is checked by it, here and wherever it stands (a note to readers that begins with \'x-\' is never told)',
    ]);
    const words = ['domain', 'accept', 'validate', 'foo', 'bar', 'baz', 'in', 'suffix', 'ward'];
    const many = told({ a: Object.fromEntries(words.map((word) => [word, ['a']])) });
    assert.equal(many.length, 1);
    assert.match(many[0] as string, /^warning "domain", .*"suffix" and 1 more are no keywords/);
    assert.deepEqual(
      told({ a: { 'x-prefix': 'BE', title: 'A', $comment: 'b', nullable: true } }),
      [],
    );
  }
});

test('a constraint in foreign words beside the schema of a parameter is not passed over', () => {
  for (const [name, value] of Object.entries({ divisibleBy: 3, gte: 3, step: 2, distinct: true })) {
    const parameters = [{ name: 'a', in: 'query', schema: { type: 'integer' }, [name]: value }];
    const responses = { 200: { description: '' } };
    const compilation = compile(describeApi({ '/x': { get: { parameters, responses } } }));
    assert.ok(!compilation.ok, name);
  }
});

test('a note about files beside the schema of a parameter stops no start', () => {
  for (const [name, value] of Object.entries({ uploadCap: 5, imageCeiling: 5, depthCap: 5 })) {
    const parameters = [{ name: 'a', in: 'query', schema: { type: 'integer' }, [name]: value }];
    const responses = { 200: { description: '' } };
    const compilation = compile(describeApi({ '/x': { get: { parameters, responses } } }));
    assert.ok(compilation.ok, name);
  }
});

test('a format that is misspelt is not passed over in silence', () => {
  const formats: Record<string, string> = {
    ...{ datetime: 'date-time', 'e-mail': 'email', uuid4: 'uuid', int23: 'int32', DATE: 'date' },
    ...{ date_time: 'date-time', 'ipv-4': 'ipv4', URI: 'uri', url: 'uri', guid: 'uuid' },
    ...{ 'dat-time': 'date-time', emial: 'email', hostnam: 'hostname', base64: 'byte' },
    ...{
      'date time': 'date-time',
      Int64: 'int64',
      json_pointer: 'json-pointer',
      timestamp: 'date-time',
    },
  };
  for (const openapi of ['3.0.4', '3.1.1']) {
    for (const [format, meant] of Object.entries(formats)) {
      const told = remarksOn({ properties: { a: { format }, b: { format } } }, openapi);
      const expected = `warning there is no format ${JSON.stringify(format)}: nothing is checked by it here and wherever it stands (did you mean "${meant}"?)`;
      assert.deepEqual(
        told.filter((text) => text.includes('format')),
        [expected],
      );
    }
    for (const format of [
      'date-time',
      'int32',
      'binary',
      'password',
      'phone',
      'ulid',
      'iban',
      'decimal',
    ]) {
      const told = remarksOn({ type: 'string', format }, openapi).join();
      assert.ok(!told.includes('format'), told);
    }
  }
});
