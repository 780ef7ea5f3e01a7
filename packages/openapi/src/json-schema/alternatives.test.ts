import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../json/index.ts';
import { processorMs } from '../processor-time.fixture.ts';
import { compileSchemas, linkSchemas } from './index.ts';

/** What is said of a value that fits none of the alternatives. */

const ADDRESS = 'file:///api.yaml';

const Base = {
  type: 'object',
  required: ['y'],
  properties: { x: { type: 'integer', maximum: 5 }, y: {} },
};

function judgeBy(Entry: unknown, rest: Record<string, unknown> = {}, dialect = 'openapi-3.0') {
  const documents = new Map<string, unknown>([
    [ADDRESS, { openapi: '3', components: { schemas: { Entry, Base, ...rest } } }],
  ]);
  const address = `${ADDRESS}#/components/schemas/Entry`;
  const compiled = compileSchemas({
    documents,
    dialect: dialect as 'openapi-3.0',
    reading: 'meant',
    entries: [{ address, direction: 'request' }],
    assertFormats: true,
  });
  const { validate } = linkSchemas(compiled).validator(address, 'request');
  return (value: JsonValue) =>
    validate(value).map(
      ({ pointer, rule, member, expected }) =>
        `${pointer} ${rule}${member === undefined ? '' : ` ${member}`}: ${expected}`,
    );
}

const ref = { $ref: '#/components/schemas/Base' };

test('whoever breaks a schema that may be null is told what is wrong, and not that null was an alternative', () => {
  const object = [ref, { type: 'string' }];
  for (const dialect of ['openapi-3.0', 'openapi-3.1']) {
    for (const [schema, value, expected] of [
      [{ allOf: [ref] }, {}, ['/c required y: the member "y"']],
      [{ allOf: [ref] }, { x: 6, y: 1 }, ['/c/x maximum: at most 5']],
      [{ allOf: [ref] }, 'text', ['/c type: object']],
      [ref, { x: 6, y: 1 }, ['/c/x maximum: at most 5']],
      [{ oneOf: [ref] }, { x: 6, y: 1 }, ['/c/x maximum: at most 5']],
      [{ oneOf: object }, { x: 6, y: 1 }, ['/c/x maximum: at most 5']],
      [{ anyOf: object }, { x: 'a', y: 1 }, ['/c/x type: integer']],
      [{ anyOf: object }, 1, ['/c anyOf: one of 2 alternatives; nearest is alternative 1: object']],
      [{ not: ref }, { x: 1, y: 1 }, ['/c not: a value that does not fit the schema in not']],
      [{ const: 1 }, 2, ['/c const: 1']],
      [
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        { type: 'object', if: { required: ['x'] }, then: { required: ['y'] } },
        { x: 1 },
        ['/c required y: the member "y"'],
      ],
    ] as const) {
      const judge = judgeBy({ properties: { c: { nullable: true, ...schema } } }, {}, dialect);
      assert.deepEqual(judge({ c: null }), []);
      assert.deepEqual(judge({ c: value as JsonValue }), expected, JSON.stringify(schema));
    }
  }
});

test('where one alternative alone takes values of this type, its fault is told where it is', () => {
  const cases: [object, JsonValue, string[]][] = [
    [{ anyOf: [ref, { type: 'null' }] }, { x: 6, y: 1 }, ['/x maximum: at most 5']],
    [{ oneOf: [{ type: 'string' }, ref] }, { x: 6, y: 1 }, ['/x maximum: at most 5']],
    [{ oneOf: [{ type: 'string', maxLength: 1 }, ref] }, 'ab', [' maxLength: at most 1 character']],
    [
      { anyOf: [{ type: 'array', items: ref }, ref] },
      [{ x: 1 }],
      ['/0 required y: the member "y"'],
    ],
    [
      { type: ['object', 'null'], anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      {},
      [' anyOf: one of 2 alternatives; nearest is alternative 1: the member "a"'],
    ],
  ];
  for (const [schema, value, expected] of cases) {
    assert.deepEqual(judgeBy(schema, {}, 'openapi-3.1')(value), expected, JSON.stringify(schema));
  }
});

test('telling the fault of a value of many levels costs little more than finding it', () => {
  const Node = {
    nullable: true,
    oneOf: [
      {
        type: 'object',
        properties: { next: { $ref: '#/components/schemas/Node' }, n: { type: 'integer' } },
      },
    ],
  };
  const judge = judgeBy({ $ref: '#/components/schemas/Node' }, { Node });
  let value: JsonValue = { n: 'x' };
  for (let depth = 0; depth < 45; depth++) value = { next: value };
  const usedMs = processorMs(() => {
    assert.deepEqual(judge(value), [`${'/next'.repeat(45)}/n type: integer`]);
  });
  assert.ok(usedMs < 2_000, String(usedMs));
});
