import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareDecimals, isMultiple, readDecimal } from '../json/index.ts';
import { openApi, packApi, unpackApi } from './index.ts';
import { BOUNDS, codes, compile, headers, utf8 } from './testing.ts';
import type { ApiOperation } from './types.ts';

const JSON_TYPE = headers('content-type', 'application/json');

const VERSIONS = ['3.0.3', '3.1.1'] as const;
type Version = (typeof VERSIONS)[number];

/** `a` of a body under this schema; its numbers as they are written, in JSON or as YAML. */
function document(schema: string, version: Version, isYaml: boolean): string {
  const object = `{"type":"object","properties":{"a":${schema}}}`;
  const operation = `{"requestBody":{"content":{"application/json":{"schema":${object}}}},"responses":{"200":{"description":""}}}`;
  const paths = `{"/x":{"post":${operation}}}`;
  const info = '{"title":"T","version":"1"}';
  return isYaml
    ? `openapi: ${version}\ninfo: ${info}\npaths: ${paths}\n`
    : `{"openapi":"${version}","info":${info},"paths":${paths}}`;
}

function operationOf(schema: string, version: Version = '3.1.1', isYaml = false): ApiOperation {
  const compilation = compile(document(schema, version, isYaml));
  if (!compilation.ok) throw new Error(JSON.stringify(compilation.errors));
  return openApi(structuredClone(compilation.api)).operations[0] as ApiOperation;
}

function violations(operation: ApiOperation, text: string) {
  return operation.checkBody(JSON_TYPE, utf8(`{"a":${text}}`), BOUNDS).violations;
}

function rulesOf(operation: ApiOperation, text: string): string {
  return violations(operation, text)
    .map(({ rule }) => rule)
    .join(' ');
}

const CASES: readonly (readonly [schema: string, text: string, rule: string])[] = [
  ['{"type":"integer","maximum":9223372036854775807}', '9223372036854775807', ''],
  ['{"type":"integer","maximum":9223372036854775807}', '9223372036854775808', 'maximum'],
  ['{"type":"integer","maximum":9223372036854775807}', '9223372036854775900', 'maximum'],
  ['{"type":"integer","minimum":-9223372036854775808}', '-9223372036854775809', 'minimum'],
  ['{"type":"integer","minimum":9007199254740993}', '9007199254740992', 'minimum'],
  ['{"type":"integer","const":9007199254740993}', '9007199254740993', ''],
  ['{"type":"integer","const":9007199254740993}', '9007199254740992', 'const'],
  ['{"type":"integer","enum":[1,9007199254740993]}', '9007199254740993', ''],
  ['{"type":"integer","enum":[1,9007199254740993]}', '9007199254740992', 'enum'],
  ['{"const":{"id":[9007199254740993]}}', '{"id":[9007199254740993]}', ''],
  ['{"const":{"id":[9007199254740993]}}', '{"id":[9007199254740992]}', 'const'],
  ['{"type":"integer","multipleOf":9007199254740993}', '18014398509481986', ''],
  ['{"type":"integer","multipleOf":9007199254740993}', '18014398509481984', 'multipleOf'],
  ['{"type":"number","maximum":1e400}', '1e300', ''],
  ['{"type":"number","minimum":0.1000000000000000000001}', '0.1', 'minimum'],
  ['{"type":"integer","not":{"const":9007199254740993}}', '9007199254740993', 'not'],
  ['{"type":"integer","not":{"const":9007199254740993}}', '9007199254740992', ''],
  ['{"type":"string","maxLength":9223372036854775807}', '"abc"', ''],
  // Where the very number of the description is sent, it is meant, whatever a double makes of it.
  ['{"type":"number","minimum":0.1000000000000000055511}', '0.1000000000000000055511', ''],
  ['{"type":"number","enum":[0.1000000000000000055511]}', '0.1000000000000000055511', ''],
];

test('a number in a schema keeps the value that is written, in every dialect, in JSON and YAML', () => {
  for (const version of VERSIONS) {
    for (const isYaml of [false, true]) {
      for (const [schema, text, rule] of CASES) {
        const operation = operationOf(schema, version, isYaml);
        assert.equal(rulesOf(operation, text), rule, `${version} ${isYaml} ${schema} ${text}`);
      }
      const exclusive =
        version === '3.0.3'
          ? '{"type":"integer","maximum":9007199254740993,"exclusiveMaximum":true}'
          : '{"type":"integer","exclusiveMaximum":9007199254740993}';
      const operation = operationOf(exclusive, version, isYaml);
      assert.equal(rulesOf(operation, '9007199254740992'), '');
      assert.equal(rulesOf(operation, '9007199254740993'), 'exclusiveMaximum');
    }
  }
});

test('the problem names the number that the description has, and not its neighbour', () => {
  const expected = (schema: string, text: string) =>
    violations(operationOf(schema), text).map((violation) => violation.expected);
  assert.deepEqual(expected('{"const":9007199254740993}', '1'), ['9007199254740993']);
  assert.deepEqual(expected('{"enum":[1,9007199254740993]}', '2'), ['one of 1, 9007199254740993']);
  assert.deepEqual(expected('{"maximum":9223372036854775807}', '1e30'), [
    'at most 9223372036854775807',
  ]);
});

test('a number is kept through the packed form in which threads share a description', () => {
  const compilation = compile(document('{"const":9007199254740993}', '3.1.1', false));
  assert.ok(compilation.ok);
  const operation = openApi(unpackApi(packApi(compilation.api))).operations[0] as ApiOperation;
  assert.equal(rulesOf(operation, '9007199254740993'), '');
  assert.equal(rulesOf(operation, '9007199254740992'), 'const');
});

test('spellings of numbers that only YAML knows mean what they say', () => {
  const constants: readonly (readonly [yaml: string, text: string, neighbour: string])[] = [
    ['+9007199254740993', '9007199254740993', '9007199254740992'],
    ['0009007199254740993', '9007199254740993', '9007199254740992'],
    ['0x20000000000001', '9007199254740993', '9007199254740992'],
    ['0o400000000000000001', '9007199254740993', '9007199254740992'],
    ['.10000000000000000001', '0.10000000000000000001', '0.1'],
    ['9007199254740993.', '9007199254740993', '9007199254740992'],
    ['!!float 9007199254740993.0', '9007199254740993', '9007199254740992'],
    ['!!int "9007199254740993"', '9007199254740993', '9007199254740992'],
  ];
  for (const [yaml, text, neighbour] of constants) {
    const operation = operationOf(`{ "const": ${yaml} }`, '3.1.1', true);
    assert.equal(rulesOf(operation, text), '', yaml);
    assert.equal(rulesOf(operation, neighbour), 'const', yaml);
  }
  const old = `%YAML 1.1\n---\n${document('{ "enum": [9_007_199_254_740_993, 010, -0x20000000000001] }', '3.1.1', true)}`;
  const compilation = compile(old);
  assert.ok(compilation.ok);
  const operation = openApi(compilation.api).operations[0] as ApiOperation;
  for (const text of ['9007199254740993', '8', '-9007199254740993']) {
    assert.equal(rulesOf(operation, text), '', text);
  }
  for (const text of ['9007199254740992', '10', '-9007199254740992']) {
    assert.equal(rulesOf(operation, text), 'enum', text);
  }
});

test('a number that cannot be kept, or counts nothing, stops the start where it stands', () => {
  for (const isYaml of [false, true]) {
    const errorOf = (schema: string) => {
      const compilation = compile(document(schema, '3.1.1', isYaml));
      assert.ok(!compilation.ok, schema);
      return compilation.errors.map(({ message, line, column }) => ({ message, line, column }));
    };
    const [count] = errorOf('{"type":"string","maxLength":1e400}');
    assert.match(count?.message ?? '', /^maxLength must be a whole number of at most/);
    assert.ok((count?.column ?? 0) > 1);
    const [part] = errorOf('{"type":"string","maxLength":5.00000000000000000001}');
    assert.match(part?.message ?? '', /^maxLength must be a whole number, 0 or more/);
    for (const number of ['1e9999999999', `1${'0'.repeat(3_000)}.5`]) {
      const [long] = errorOf(`{"maximum":${number}}`);
      assert.match(long?.message ?? '', /^a number of more than 2,048 characters/);
      assert.ok((long?.column ?? 0) > 1 || (long?.line ?? 0) > 1);
    }
  }
});

test('a large number where no number belongs is told as one', () => {
  const wrong = compile(
    '{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":9007199254740993}',
  );
  assert.ok(!wrong.ok);
  assert.match(wrong.errors[0]?.message ?? '', /found a number$/);
  const schema = compile(document('9007199254740993', '3.1.1', false));
  assert.deepEqual(codes(schema).filter((code) => code.startsWith('error')).length, 1);
  const labelled = compile(
    '{"openapi":"3.1.1","info":{"title":"T","version":1.00000000000000000001},"paths":{},"x-a":1e400}',
  );
  assert.ok(labelled.ok);
  assert.equal(labelled.api.version, '1.00000000000000000001');
});

const decimals = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom('0', '1', '9007199254740992', '9223372036854775807', '123456789012345678'),
    fc.nat(3),
    fc.option(fc.tuple(fc.nat(9), fc.nat(30), fc.nat(9)), { nil: undefined }),
    fc.option(fc.integer({ min: -30, max: 30 }), { nil: undefined, freq: 2 }),
  )
  .map(([isNegative, whole, more, fraction, exponent]) => {
    const digits = String(BigInt(whole) + BigInt(more));
    const tail =
      fraction === undefined ? '' : `.${fraction[0]}${'0'.repeat(fraction[1])}${fraction[2]}`;
    return `${isNegative ? '-' : ''}${digits}${tail}${exponent === undefined ? '' : `e${exponent}`}`;
  });

test('a limit and a number, both as they are written, compare like decimals, whatever doubles say', () => {
  fc.assert(
    fc.property(decimals, decimals, fc.boolean(), (limit, number, isYaml) => {
      const [left, right] = [readDecimal(number), readDecimal(limit)];
      assert.ok(left !== undefined && right !== undefined);
      const order = compareDecimals(left, right);
      const isDescribed = rulesOf(operationOf(`{"const":${limit}}`, '3.1.1', isYaml), number);
      assert.equal(isDescribed === '', order === 0, `const ${limit}, ${number}`);
      // Numbers with a fraction are held besides as the doubles that they become.
      if (!/^-?\d+$/.test(number)) return;
      const operation = operationOf(`{"maximum":${limit}}`, '3.1.1', isYaml);
      assert.equal(rulesOf(operation, number) === '', order <= 0, `maximum ${limit}, ${number}`);
      if (limit.startsWith('-') || right.digits === '') return;
      const steps = operationOf(`{"multipleOf":${limit}}`, '3.1.1', isYaml);
      assert.equal(
        rulesOf(steps, number) === '',
        isMultiple(left, right),
        `multipleOf ${limit}, ${number}`,
      );
    }),
    { numRuns: 300 },
  );
});

test('what is described in numbers is quoted exactly where a slip is read as it was meant', () => {
  const compilation = compile(document('{"maximum":"9007199254740993"}', '3.1.1', false));
  assert.ok(compilation.ok);
  assert.match(compilation.warnings[0]?.message ?? '', /maximum: 9007199254740993$/);
});
