import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from './testing.fixture.ts';

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

test('a number of format float is held against its schema also as the float that services make of it', () => {
  const float = { type: 'number', format: 'float' };
  const cases: readonly (readonly [schema: object, text: string, rule: string | null])[] = [
    [{ ...float, exclusiveMaximum: 1 }, '0.99999999', 'exclusiveMaximum'],
    [{ ...float, exclusiveMaximum: 1 }, '0.99999999999999999999', 'exclusiveMaximum'],
    [{ ...float, exclusiveMaximum: 1 }, '0.9999999', null],
    [{ ...float, exclusiveMinimum: 0 }, '1e-46', 'exclusiveMinimum'],
    [{ ...float, exclusiveMinimum: 0 }, '1e-40', null],
    [{ ...float, exclusiveMaximum: 0.1 }, '0.0999999999', 'exclusiveMaximum'],
    [{ ...float, exclusiveMaximum: 0.7 }, '0.69999999', 'exclusiveMaximum'],
    // Half-way between 0.1 and the float before it, and a trace more.
    [
      { ...float, exclusiveMaximum: 0.1 },
      '0.0999999977648258209228515625000001',
      'exclusiveMaximum',
    ],
    [{ ...float, not: { const: 1 } }, '1.00000001', 'not'],
    [{ ...float, multipleOf: 5 }, '16777225', 'multipleOf'],
    [
      { type: 'integer', format: 'float', exclusiveMinimum: 16777216 },
      '16777217',
      'exclusiveMinimum',
    ],
    [{ allOf: [float, { exclusiveMaximum: 1 }] }, '0.99999999', 'exclusiveMaximum'],
    [{ ...float, oneOf: [{ exclusiveMaximum: 1 }, { minimum: 5 }] }, '0.99999999', 'oneOf'],
    // What a float holds, and what the description itself names, is as legal as before.
    [{ ...float, maximum: 1 }, '0.99999999', null],
    [{ ...float, maximum: 0.1 }, '0.1', null],
    [{ ...float, multipleOf: 0.01 }, '1234.56', null],
    [{ ...float, enum: [0.123456789] }, '0.123456789', null],
    [{ ...float, maximum: 3.4028234663852886e38 }, '3.4028234663852886e38', null],
    [{ ...float, minimum: 16777217 }, '16777217', null],
    [{ type: 'number', format: 'double', exclusiveMaximum: 1 }, '0.99999999', null],
    [{ type: 'number', exclusiveMaximum: 1 }, '0.99999999', null],
  ];
  for (const [schema, text, rule] of cases) {
    const what = `${JSON.stringify(schema)} ${text}`;
    assert.equal(judge(schema, text), rule === null ? '' : `body /a ${rule}`, what);
    if ('type' in schema)
      assert.equal(ask(schema, text), rule === null ? '' : `query a ${rule}`, what);
  }
  const deep = { type: 'array', items: { type: 'object', additionalProperties: cases[0]?.[0] } };
  assert.equal(judge(deep, '[{"x/y":0.5},{"x/y":0.99999999}]'), 'body /a/1/x~1y exclusiveMaximum');
});

test('an answer in doubles is told nothing about floats, and formats that are only reported round nothing', () => {
  const schema = { type: 'object', properties: { a: { format: 'float', exclusiveMaximum: 1 } } };
  const content = { [JSON_TYPE]: { schema } };
  const type = headers('content-type', JSON_TYPE);
  const body = utf8('{"a":0.99999999}');
  const answering = openOperation({ responses: { 200: { description: '', content } } });
  assert.equal(
    told(answering.checkAnswer(200, type, body, BOUNDS, { findUndocumented: false }).violations),
    '',
  );
  const asking = openOperation({ requestBody: { content } }, { settings: { formats: 'report' } });
  assert.equal(told(asking.checkBody(type, body, BOUNDS).violations), '');
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
