import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { contractTypes } from './contract-types.ts';

function contractOf(schema: object, more: object = {}): string {
  return stringify({
    paths: {
      '/things/{id}': {
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        post: {
          operationId: 'makeThing',
          parameters: [
            { name: 'X-Why', in: 'header', schema: { type: 'string', enum: ['a', 'b'] } },
            { $ref: '#/components/parameters/Limit' },
          ],
          requestBody: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
          responses: {
            201: { $ref: '#/components/responses/Made' },
            default: { content: {} },
          },
          ...more,
        },
      },
    },
    components: {
      schemas: { Thing: schema },
      parameters: { Limit: { name: 'limit', in: 'query', schema: { type: 'integer' } } },
      responses: {
        Made: { content: { 'application/json': { schema: { type: ['object', 'null'] } } } },
      },
    },
  });
}

const thing = {
  type: 'object',
  description: 'A thing.',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', maxLength: 5 },
    kinds: { type: 'array', items: { type: 'string', enum: ['x', 'y'] } },
    size: { anyOf: [{ type: 'number' }, { type: 'null' }] },
  },
};

test('types say what the contract says, and where each operation is', () => {
  const types = contractTypes(contractOf(thing));
  for (const line of [
    "/** A thing. */\nexport type Thing = {\n  readonly name: string;\n  readonly kinds?: readonly ('x' | 'y')[];\n  readonly size?: number | null;\n};\n",
    '    readonly path: {\n      readonly id: string;\n    };\n',
    '    readonly query: {\n      readonly limit?: number;\n    };\n',
    "    readonly header: {\n      readonly 'X-Why'?: 'a' | 'b';\n    };\n",
    '    readonly body: Thing | undefined;\n',
    '    readonly answers: {\n      readonly 201: object | null;\n    };\n',
    "  makeThing: { method: 'POST', path: '/things/{id}' },\n",
  ]) {
    assert.ok(types.includes(line), `${line}\n in \n${types}`);
  }
});

test('what types cannot say as the contract says it is refused, and not left out', () => {
  const differing = {
    'application/json': { schema: { type: 'string' } },
    'text/plain': { schema: { type: 'number' } },
  };
  for (const [text, says] of [
    [contractOf({ ...thing, allOf: [{}] }), /no types for allOf/],
    [contractOf({ ...thing, properties: { a: { type: 'string', const: 'x' } } }), /const/],
    [contractOf({ type: 'object', patternProperties: {} }), /patternProperties/],
    [contractOf({}), /a schema without a type/],
    [contractOf({ $ref: 'elsewhere.yaml#/A' }), /a reference elsewhere/],
    [
      contractOf(thing, { parameters: [{ $ref: '#/components/parameters/None' }] }),
      /nothing is at/,
    ],
    [contractOf(thing, { requestBody: { content: differing } }), /differ/],
    [contractOf(thing, { responses: { 204: {} } }), /without content/],
  ] as const) {
    assert.throws(() => contractTypes(text), says);
  }
});
