import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../processor-time.fixture.ts';
import { BOUNDS, headers, utf8 } from '../testing.fixture.ts';
import { check, expect, integer, payment, string, withBody } from './bodies.fixture.ts';

test('JSON that says it is signed or encrypted does not pass by the schema that other types have', () => {
  const operation = withBody({
    'application/json': { schema: payment },
    'application/jose+jwe': { schema: payment },
    'application/jwt': { schema: payment },
    'application/secevent+jwt': {},
  });
  const jws = 'eyJhbGciOiJQUzI1NiJ9.eyJhbW91bnQiOi0xfQ.c2lnbmF0dXJl';
  const encoded = (header: unknown) => Buffer.from(JSON.stringify(header)).toString('base64url');
  const jwe = `${encoded({ alg: 'RSA-OAEP', enc: 'A128GCM' })}.a2V5.aXY.Y2lwaGVydGV4dA.dGFn`;
  const twice = Buffer.from('{"alg":"ES256","alg":"none"}').toString('base64url');
  // A payload that travels elsewhere (RFC 7515 Appendix F), and a direct key (RFC 7516 §5.1).
  const detached = 'eyJhbGciOiJFUzI1NiJ9..c2ln';
  const direct = `${encoded({ alg: 'dir', enc: 'A128GCM' })}..aXY.Yw.dGFn`;
  const cases: readonly (readonly [string, string, string])[] = [
    ['application/jose+jwe', jwe, ''],
    ['application/jose+jwe', direct, ''],
    ['application/jose+jwe', jws, 'body  jose'],
    ['application/jose+jwe', '{"amount":"x"}', 'body  jose'],
    ['application/jose+jwe', ` ${jwe}`, 'body  jose'],
    ['application/jose+jwe', `${jwe}\n`, 'body  jose'],
    ['application/jwt', jws, ''],
    ['application/jwt', detached, ''],
    ['application/jwt', jwe, ''],
    ['application/jwt', '"a.b.c"', 'body  jose'],
    ['application/jwt', 'a.b', 'body  jose'],
    ['application/jwt', 'a.b.c.d', 'body  jose'],
    ['application/jwt', '.b.c', 'body  jose'],
    // Unsecured (RFC 7515 Appendix A.5), without what seals it, and by no algorithm.
    ['application/jwt', `${encoded({ alg: 'none' })}.eyJhbW91bnQiOi0xfQ.`, 'body  jose'],
    ['application/jwt', `${encoded({ alg: 'None' })}.eyJhbW91bnQiOi0xfQ.c2ln`, 'body  jose'],
    ['application/jwt', 'eyJhbGciOiJQUzI1NiJ9.eyJhbW91bnQiOi0xfQ.', 'body  jose'],
    ['application/jose+jwe', `${encoded({ alg: 'dir', enc: 'none' })}..aXY.Yw.dGFn`, 'body  jose'],
    ['application/jose+jwe', `${encoded({ alg: 'dir', enc: 'A128GCM' })}..aXY.Yw.`, 'body  jose'],
    ['application/jwt', `${encoded({ typ: 'JWT' })}.e30.c2ln`, 'body  jose'],
    ['application/jwt', `${encoded(['alg'])}.e30.c2ln`, 'body  jose'],
    ['application/jwt', 'a.b.c', 'body  jose'],
    ['application/jwt', 'bm9qc29u.e30.c2ln', 'body  jose'],
    ['application/jwt', `${encoded({ alg: 5 })}.e30.c2ln`, 'body  jose'],
    ['application/jwt', `${twice}.e30.c2ln`, 'body  jose'],
    ['application/jwt', 'eyJhbGciOiJQUzI1NiJ9.e30.A', 'body  jose'],
    ['application/jwt', 'eyJhbGciOiJQUzI1NiJ9.e30.AAAAA', 'body  jose'],
    ...['none ', ' none', 'none\u0000', '\uff4eone', ' '].map(
      (alg) => ['application/jwt', `${encoded({ alg })}.e30.c2ln`, 'body  jose'] as const,
    ),
    ['application/jwt', `${encoded({ alg: 'HS256', Alg: 'none' })}.e30.c2ln`, 'body  jose'],
    ['application/jwt', `${encoded({ alg: 'HS256', 'alg\u0000': 'none' })}.e30.c2ln`, 'body  jose'],
    ['application/jwt', 'amount=x&b.c.d', 'body  jose'],
    ['application/secevent+jwt', jws, ''],
    ['application/secevent+jwt', '[]', 'body  jose'],
  ];
  for (const [type, body, expected] of cases) {
    assert.equal(check(operation, type, body), expected, `${type} ${body}`);
  }
  assert.equal(expect(operation, ['content-type', 'application/jwt; charset=utf-8']), 'validate');
  assert.equal(check(operation, 'application/jwt', ''), 'body  required');
  const range = withBody({ 'application/*': { schema: payment } });
  assert.equal(expect(range, ['content-type', 'application/jwt']), 'content-type  content-type');
});

test('JSON does not pass by its schema under a type that nothing here parses: services read it under any', () => {
  const operation = withBody({
    'application/json': { schema: payment },
    'text/plain': { schema: payment },
    'text/csv': { schema: { type: 'array', items: payment } },
    'application/yaml': { schema: payment },
    'application/octet-stream': { schema: payment },
    'text/html': { schema: string },
    'image/png': { schema: { type: 'string', format: 'binary' } },
  });
  const bad = '/amount type';
  const cases: readonly (readonly [string, string, string])[] = [
    ['text/plain', '{"amount":1}', ''],
    ['text/plain', '{"amount":"x"}', bad],
    ['text/plain', ' \r\n{"amount":"x"}', bad],
    ['text/plain', '\ufeff{"amount":"x"}', bad],
    ['text/plain', '{"amount":1,"amount":"x"}', '/amount json-duplicate-key'],
    // Whoever reads the first value alone has read this.
    ['text/plain', '{"amount":"x"}, and more', 'body  json-syntax'],
    ['text/plain', '[INFO] a line', ''],
    ['text/plain', 'amount: x', ''],
    ['text/csv', 'amount\nx', ''],
    ['text/csv', '[{"amount":"x"}]', '/0/amount type'],
    ['text/csv', '{1},2', ''],
    ['application/yaml', '{amount: 1}', ''],
    ['application/yaml', 'amount: 1', ''],
    ['application/yaml', '{"amount":"x"}', bad],
    ['application/octet-stream', '{"amount":"x"}', bad],
    ['application/octet-stream', '\u0000\u0001', ''],
    ['text/html', '{"amount":"x"}', ''],
    ['image/png', '{"amount":"x"}', ''],
  ];
  for (const [type, body, expected] of cases) {
    const found = check(operation, type, body);
    assert.ok(
      expected === '' ? found === '' : found.includes(expected),
      `${type} ${body}: ${found}`,
    );
  }
  const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
  assert.equal(check(operation, 'text/plain', latin1('[INFO] caf\xe9')), '', 'no JSON at all');
  for (const type of ['text/plain', 'application/yaml']) {
    const found = check(operation, type, latin1('{"amount":"\xe9"}'));
    assert.match(found, /json-encoding/, type);
  }
  assert.equal(expect(operation, ['content-type', 'image/png']), 'stream');
  const utf16 = 'text/plain; charset=utf-16';
  assert.equal(expect(operation, ['content-type', utf16]), 'content-type  charset');
});

test('application/*+json is what ASP.NET describes: every type of that suffix, and no other', () => {
  const operation = withBody({
    'application/*+json': { schema: payment },
    'application/ld+json': { schema: string },
    'application/*': { schema: string },
  });
  assert.equal(check(operation, 'application/vnd.a+json', '{"amount":1}'), '');
  assert.notEqual(check(operation, 'application/vnd.a+json', '{"amount":"x"}'), '');
  assert.equal(check(operation, 'application/ld+json', '"text"'), '');
  assert.equal(check(operation, 'application/json', '"text"'), '');
  const alone = withBody({ 'application/*+json': { schema: payment } });
  for (const type of [
    'application/json',
    'text/a+json',
    'application/a+xml',
    'application/+json',
  ]) {
    const expected = type === 'application/+json' ? 'validate' : 'content-type  content-type';
    assert.equal(expect(alone, ['content-type', type]), expected, type);
  }
});

test('JSON in another encoding, or behind a comment, does not pass by a schema that holds it in UTF-8', () => {
  const operation = withBody({
    'text/plain': { schema: payment },
    'application/octet-stream': { schema: payment },
    'text/csv': { schema: { type: 'array', items: payment } },
    'application/yaml': { schema: payment },
  });
  const wide = (text: string, order: 'LE' | 'BE', width: 2 | 4) => {
    const bytes = Buffer.alloc(text.length * width);
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (width === 4) bytes[order === 'LE' ? 'writeUInt32LE' : 'writeUInt32BE'](code, at * 4);
      else bytes[order === 'LE' ? 'writeUInt16LE' : 'writeUInt16BE'](code, at * 2);
    }
    return new Uint8Array(bytes);
  };
  for (const type of ['text/plain', 'application/octet-stream', 'application/yaml']) {
    for (const text of ['{"amount":"x"}', '\ufeff{"amount":"x"}', ' [1]', '\ufeff\n{"amount":1}']) {
      for (const order of ['LE', 'BE'] as const) {
        for (const width of [2, 4] as const) {
          const found = check(operation, type, wide(text, order, width));
          assert.equal(found, 'body  json-encoding', `${type} ${text} ${order} ${width}`);
        }
      }
    }
  }
  const bad = ['{"amount":"x"}', '{"amount":1,"amount":"x"}'];
  const before = [
    '//x\n',
    '/*x*/',
    '/* * */ // y\r\n',
    '#x\n',
    ")]}'\n",
    ")]}',\n",
    'for(;;);',
    'while(1);',
  ];
  for (const json of bad) {
    for (const prefix of before) {
      assert.notEqual(check(operation, 'text/plain', prefix + json), '', prefix + json);
      assert.notEqual(check(operation, 'application/yaml', prefix + json), '', prefix + json);
    }
  }
  const others = [
    ['text/plain', '//x\n{"amount":1}'],
    ['text/plain', '// [1]'],
    ['text/plain', '#x\n{amount}'],
    ['text/csv', '# made by hand\namount\n1'],
    ['application/yaml', '# made by hand\namount: 1'],
  ] as const;
  for (const [type, text] of others) assert.equal(check(operation, type, text), '', text);
  const around = [
    ['\x1e', '\n'],
    ['\u00a0', ''],
    ['\ufeff\ufeff', ''],
    ['\u2028', '\u3000'],
    ['\x1a', '\0'],
    ['\0\0', ''],
    ['\0\0\0', ''],
    ['//x\r', ''],
    ['//x\u2028', ''],
    ['cb(', ');'],
    ['(', ')'],
    ['&&&START&&&', ''],
    ['throw 1; ', ''],
    [')]}\n', ''],
    ['---\n', ''],
    ['# ', ''],
  ] as const;
  for (const [before, after] of around) {
    const found = check(operation, 'text/plain', `${before}{"amount":"x"}${after}`);
    assert.notEqual(found, '', JSON.stringify([before, after]));
  }
  for (const bytes of [[0xff], [0xef, 0xbb], [0xc0, 0x80], [0xff, 0xfe]]) {
    const body = new Uint8Array([...bytes, ...Buffer.from('{"amount":"x"}')]);
    assert.notEqual(check(operation, 'text/plain', body), '', String(bytes));
  }
  const yaml = 'amount: 1\nother: {"amount": "x"}';
  assert.equal(check(operation, 'application/yaml', yaml), '');
  const untyped = withBody({
    'text/plain': { schema: { minProperties: 1, patternProperties: { '^amount$': integer } } },
    'application/octet-stream': { schema: { patternProperties: { '^amount$': integer } } },
  });
  for (const type of ['text/plain', 'application/octet-stream']) {
    assert.notEqual(check(untyped, type, '{"amount":"x"}'), '', type);
    assert.equal(check(untyped, type, '{"amount":1}'), '', type);
    assert.equal(check(untyped, type, 'a text'), '', type);
  }
  const binary = new Uint8Array([0x7f, 0x00, 0x01, 0x00, 0x02]);
  assert.equal(check(operation, 'application/octet-stream', binary), '', 'no text in any encoding');
  const long = check(operation, 'text/plain', `${'/**/'.repeat(200_000)}${' '.repeat(200_000)}x`);
  assert.equal(long, '');
  for (const piece of ['/**/', ' ', '//\n', '\u00a0', 'x ', '/*', ")]}'"]) {
    const text = `${piece.repeat(900_000 / piece.length)}{"amount":1}`;
    assert.ok(processorMs(() => check(operation, 'text/plain', text)) < 2_000, piece);
  }
});

test('JSON does not pass by its schema behind a bracket that stands before it', () => {
  const price = { type: 'object', properties: { price: { type: 'integer', maximum: 100 } } };
  const objects = withBody({ 'text/plain': { schema: price } });
  const lists = withBody({ 'text/plain': { schema: { type: 'array', items: price } } });
  const untyped = withBody({
    'text/plain': { schema: { minProperties: 0, ...price, type: undefined } },
  });
  for (const text of [
    '[INFO] {"price":P}',
    '[INFO] {"price":P} }',
    '[INFO] {"price":P} and more',
    '[INFO] {"price":1} {"price":P}',
    '[INFO] [1] {"price":P}',
    '[]{"price":P}',
    '[] [] {"price":P}',
    '[{"price":P}',
    'x [{"price":P}]',
    '// {\n{"price":P}',
    '// [\n{"price":P}',
    '/* { */{"price":P}',
    '/* {} */{"price":P}',
    '/* [ */ // {\n {"price":P}',
    '# {x}\n{"price":P}',
    '# \u00e9 {x}\n{"price":P}',
    '-- {"price":1}\n,{"price":P}',
    '-- {"}":"\\"}"} {"price":P}',
  ]) {
    for (const operation of [objects, untyped]) {
      assert.match(check(operation, 'text/plain', text.replace('P', '500')), /price/, text);
      const fits = check(operation, 'text/plain', text.replace('P', '50'));
      assert.ok(!fits.includes('price'), `${text}: ${fits}`);
    }
  }
  const invalid = Buffer.concat([Buffer.from('/*\xff{*/', 'latin1'), Buffer.from('{"price":500}')]);
  assert.match(check(objects, 'text/plain', new Uint8Array(invalid)), /price/);
  for (const text of [
    '{} [{"price":P}]',
    '/* { */[{"price":P}]',
    '# [\n[{"price":P}]',
    'x {} [{"price":P}] ]',
  ]) {
    assert.match(check(lists, 'text/plain', text.replace('P', '500')), /price/, text);
  }
  for (const text of [
    '[INFO] a line {',
    '[INFO] [main] started {worker} in 5 ms',
    '2026-11-30 [WARN] {price} is not {"known"}',
    'name;price\n[a];{5}\n',
    'if (x) { return [y]; }',
    '[a](http://b) {c}',
    '// {\n// [\n',
  ]) {
    assert.equal(check(objects, 'text/plain', `> ${text}`), '', text);
    assert.equal(check(objects, 'text/plain', text), '', text);
    assert.equal(check(lists, 'text/plain', `> ${text}`), '', text);
  }
  // What stands within a value is no value of its own.
  const both = {
    type: ['object', 'array'],
    items: price,
    properties: { price: { maximum: 5 }, more: {} },
  };
  const either = withBody({ 'text/plain': { schema: both } });
  assert.equal(check(either, 'text/plain', '{"more":[{"price":500}]}'), '');
  assert.equal(check(either, 'text/plain', 'x {"more":[{"price":500}]} y'), '');
  assert.match(check(either, 'text/plain', 'x {"more":[]} [{"price":500}]'), /price/);
});

test('texts of many brackets are judged in the time that their length takes', () => {
  const price = { type: 'object', properties: { price: { type: 'integer', maximum: 100 } } };
  const objects = withBody({ 'text/plain': { schema: price } });
  const untyped = withBody({ 'text/plain': { schema: { minProperties: 0 } } });
  for (const piece of [
    '{',
    '[',
    '{}',
    '[]',
    '[{',
    '{"',
    '[]{',
    '{} ',
    '[INFO] ',
    '/*{*/',
    '//{\n',
    '#[\n',
    '{"a":1}x',
    '"{',
    '}{',
    '[1],',
  ]) {
    for (const before of ['', 'x ', '[INFO] ', '//{[\n']) {
      const text = before + piece.repeat(900_000 / piece.length);
      for (const operation of [objects, untyped]) {
        const tookMs = processorMs(() => check(operation, 'text/plain', text));
        assert.ok(tookMs < 2_000, `${before}${piece}: ${tookMs} ms`);
      }
    }
  }
});

test('JSON a line each, or behind record separators, does not pass by the schema of a text or of the list', () => {
  const types = {
    lines: [
      'application/x-ndjson',
      'application/ndjson',
      'application/jsonl',
      'application/x-jsonlines',
    ],
    sequence: ['application/json-seq', 'application/geo+json-seq'],
  };
  const list = { type: 'array', items: payment, maxItems: 2 };
  const operationOf = (schema: object) =>
    withBody(
      Object.fromEntries([...types.lines, ...types.sequence].map((type) => [type, { schema }])),
    );
  for (const [schema, many] of [
    [payment, ''],
    [list, 'body  maxItems'],
  ] as const) {
    const operation = operationOf(schema);
    const cases: readonly (readonly [string, string])[] = [
      ['{"amount":1}', ''],
      ['{"amount":1}\n', ''],
      ['{"amount":1}\r\n\r\n{"amount":2}\r\n', ''],
      ['{"amount":1}\n{"amount":2}\n{"amount":3}', many],
      ['{"amount":1}\n{"amount":"x"}\n', 'body /1/amount type'],
      ['{"amount":1,"amount":"x"}', 'body /0/amount json-duplicate-key'],
      ['{"amount":1},{"amount":2}', 'body /0 json-syntax'],
      ['{"amount":1}]\n[{"amount":2}', 'body /0 json-syntax'],
      ['{"amount":\n1}', 'body /0/amount json-syntax'],
      ['{"amount":1}{"amount":2}', 'body /0 json-syntax'],
      ['amount', 'body /0 json-syntax'],
      ['5', 'body /0 type'],
    ];
    for (const [text, expected] of cases) {
      for (const type of types.lines) assert.equal(check(operation, type, text), expected, text);
      for (const type of types.sequence) {
        const written = text.replaceAll(/[^\r\n]*(?:[\r\n]+|$)/g, (line) =>
          line === '' ? '' : `\x1e${line}`,
        );
        // A text that goes on over the end of a line is one there.
        const isOver = text === '{"amount":\n1}';
        if (!isOver) assert.equal(check(operation, type, written), expected, written);
        assert.equal(check(operation, type, '{"amount":1}\n'), 'body  json-sequence');
        assert.equal(check(operation, type, '\x1e{"amount":\n1}\n\x1e\x1e{"amount":2}'), '');
      }
    }
    assert.equal(expect(operation, ['content-type', 'application/x-ndjson']), 'validate');
  }
  const bytes = operationOf({ type: 'string', format: 'binary' });
  assert.equal(expect(bytes, ['content-type', 'application/x-ndjson']), 'stream');
});

test('of lines of JSON, the members that only the service may set are cut out of each', () => {
  const schema = { type: 'object', properties: { id: { readOnly: true }, amount: {} } };
  for (const described of [schema, { type: 'array', items: schema }]) {
    const operation = withBody({
      'application/x-ndjson': { schema: described },
      'application/json-seq': { schema: described },
    });
    const cut = (type: string, text: string) => {
      const checked = operation.checkBody(headers('content-type', type), utf8(text), BOUNDS);
      return checked.cut === undefined ? undefined : Buffer.from(checked.cut).toString();
    };
    const lines = '{"amount":1}\n{"id":2,"amount":2}\r\n\n{"amount":3,"id":3}';
    assert.equal(cut('application/x-ndjson', lines), '{"amount":1}\n{"amount":2}\n{"amount":3}\n');
    assert.equal(cut('application/x-ndjson', '{"amount":1}\n'), undefined);
    const sequence = '\x1e{"id":1,"amount":1}\n\x1e{"amount":2}\n';
    assert.equal(cut('application/json-seq', sequence), '\x1e{"amount":1}\n\x1e{"amount":2}\n');
  }
});

test('a remark on one line does not let the lines behind it pass unread', () => {
  const schema = {
    type: 'object',
    properties: { at: { type: 'string', format: 'date-time' }, amount: integer },
  };
  for (const described of [schema, { type: 'array', items: schema }]) {
    const operation = withBody(
      { 'application/x-ndjson': { schema: described } },
      { settings: { formats: 'report' } },
    );
    const lines = '{"at":"never","amount":1}\n{"amount":"x"}';
    assert.match(check(operation, 'application/x-ndjson', lines), /\/1\/amount type$/);
    const type = headers('content-type', 'application/x-ndjson');
    const told = operation.checkBody(type, utf8('{"at":"never"}\n{"at":"never"}'), BOUNDS);
    assert.deepEqual(
      told.violations.map(({ pointer, isRemark }) => [pointer, isRemark]),
      [
        ['/0/at', true],
        ['/1/at', true],
      ],
    );
  }
});

test('what a schema says nothing of is neither read nor kept in memory', () => {
  const content = (schema: object) => ({
    'application/octet-stream': { schema },
    'application/x-ndjson': { schema },
  });
  for (const schema of [{}, { description: 'bytes' }, { minLength: 3 }]) {
    const operation = withBody(content(schema));
    for (const type of Object.keys(content({}))) {
      assert.equal(expect(operation, ['content-type', type]), 'stream', JSON.stringify(schema));
    }
  }
  const text = withBody({ 'text/plain': { schema: { minLength: 3 } } });
  assert.equal(check(text, 'text/plain', '[INFO] a line {'), '');
  assert.equal(check(text, 'text/plain', '{"a":1,"a":2}'), '');
});

test('of thousands of lines, each is cut for itself', () => {
  const schema = { type: 'object', properties: { id: { readOnly: true } } };
  const operation = withBody({
    'application/x-ndjson': { schema: { type: 'array', items: schema } },
  });
  const body = utf8('{"id":1}\n'.repeat(BOUNDS.itemsMax));
  const type = headers('content-type', 'application/x-ndjson');
  const tookMs = processorMs(() => operation.checkBody(type, body, BOUNDS));
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
});
