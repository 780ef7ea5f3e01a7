import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from '../testing.fixture.ts';

const JSON_TYPE = 'application/json';

function judge(schema: object, text: string): string {
  const a = { type: 'object', properties: { a: schema } };
  const operation = openOperation({ requestBody: { content: { [JSON_TYPE]: { schema: a } } } });
  const type = headers('content-type', JSON_TYPE);
  return told(operation.checkBody(type, utf8(`{"a":${text}}`), BOUNDS).violations);
}

function ask(schema: object, text: string): string {
  const operation = openOperation(
    { parameters: [{ name: 'a', in: 'query', schema }] },
    { method: 'get' },
  );
  return told(operation.checkParameters(parts({ query: `a=${encodeURIComponent(text)}` })));
}

test('a number is held against its schema also as the double that services make of it', () => {
  const cases: readonly (readonly [schema: object, text: string, rule: string | null])[] = [
    [{ type: 'number', exclusiveMinimum: 0 }, '1e-400', 'exclusiveMinimum'],
    [{ type: 'number', exclusiveMaximum: 1 }, '0.99999999999999999999999', 'exclusiveMaximum'],
    [{ type: 'number', exclusiveMaximum: 1 }, '0.9999999999999999', null],
    [{ type: 'number', not: { const: 0.1 } }, '0.1000000000000000000001', 'not'],
    [{ type: 'number', not: { const: 0.1 } }, '0.1000000001', null],
    [{ type: 'number', maximum: 1 }, '1.00000000000000000000001', 'maximum'],
    [{ type: 'integer' }, '1e999', 'number'],
    [{ type: 'number' }, '-1e999', 'number'],
    [{}, '1e999', 'number'],
    // What programs send that count in 64 bits, or in decimals, is as legal as before.
    [{ type: 'integer', format: 'int64' }, '9223372036854775807', null],
    [{ type: 'integer', maximum: 2 ** 63 }, '9223372036854775807', null],
    [{ type: 'integer', minimum: 1 }, '12345678901234567890123456789', null],
    [{ type: 'number', multipleOf: 0.01 }, '123456789012345678.25', null],
    [{ type: 'number', minimum: 0 }, '0.12345678901234567890123', null],
    [{ type: 'number', exclusiveMinimum: 0 }, '1e-300', null],
  ];
  for (const [schema, text, rule] of cases) {
    const what = `${JSON.stringify(schema)} ${text}`;
    assert.equal(judge(schema, text), rule === null ? '' : `body /a ${rule}`, what);
    if ('type' in schema)
      assert.equal(ask(schema, text), rule === null ? '' : `query a ${rule}`, what);
  }
});

test('it is found at any depth, and beside others', () => {
  const list = { type: 'array', items: { type: 'number', exclusiveMinimum: 0 } };
  assert.equal(judge(list, '[1,1e-400,2]'), 'body /a/1 exclusiveMinimum');
  assert.equal(
    judge({ additionalProperties: { not: { const: 0 } } }, '{"x/y":1e-400}'),
    'body /a/x~1y not',
  );
  assert.equal(judge({}, '{"x/y":[1e400]}'), 'body /a/x~1y/0 number');
});
