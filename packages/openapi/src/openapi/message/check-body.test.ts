import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';
import { check, expect, FORM, integer, payment, string, withBody } from './bodies.fixture.ts';

test('what body is expected is decided before a byte is read', () => {
  const operation = withBody({
    'application/json': { schema: payment },
    'application/*': { schema: string },
    'text/plain; charset=utf-8': { schema: string },
    'image/png': {},
    [FORM]: { schema: payment },
    'application/xml': { schema: payment },
  });
  const cases: readonly (readonly [string, string])[] = [
    ['application/json', 'validate'],
    ['Application/JSON ; charset=UTF-8', 'validate'],
    ['application/json;charset="utf-8"', 'validate'],
    ['application/json; charset=utf-16', 'content-type  charset'],
    ['application/json; charset=latin1', 'content-type  charset'],
    ['application/vnd.api+json', 'validate'],
    ['application/octet-stream', 'stream'],
    ['application/xml; charset=utf-16', 'content-type  xml-encoding'],
    ['text/plain', 'validate'],
    ['text/plain; charset=iso-8859-1', 'content-type  charset'],
    ['text/html', 'content-type  content-type'],
    ['image/png', 'stream'],
    [FORM, 'validate'],
    ['', 'content-type  content-type'],
    ['application', 'content-type  content-type'],
    ['application/json, text/plain', 'content-type  content-type'],
    ['application/json; charset=utf-8; charset=utf-7', 'content-type  content-type'],
    ['application/json; charset', 'content-type  content-type'],
  ];
  for (const [type, expected] of cases) {
    assert.equal(expect(operation, ['content-type', type]), expected, type);
  }
  assert.equal(expect(operation, []), 'content-type  content-type');
  assert.equal(expect(operation, [], false), 'body  required');
  const twice = ['content-type', 'application/json', 'content-type', 'text/plain'];
  assert.equal(expect(operation, twice), 'content-type  content-type');
  for (const coding of ['gzip', 'br', 'identity, gzip', 'x']) {
    const flat = ['content-type', 'application/json', 'content-encoding', coding];
    assert.equal(expect(operation, flat), 'body  content-encoding', coding);
  }
  const identity = ['content-type', 'application/json', 'content-encoding', 'identity'];
  assert.equal(expect(operation, identity), 'validate');
});

test('no body documented, or an optional one left out', () => {
  assert.equal(expect(openOperation({}), [], true), 'none');
  assert.equal(
    told(openOperation({}).checkBody(headers(), utf8('x'), BOUNDS).violations),
    'body  undocumented',
  );
  const optional = withBody({ 'application/json': { schema: payment } }, { required: false });
  assert.equal(expect(optional, [], false), 'none');
  assert.equal(told(optional.checkBody(headers(), utf8(''), BOUNDS).violations), '');
});

test('an empty form, text or file is sent as such, and of a document nothing is no body', () => {
  const optionals = { type: 'object', properties: { a: { type: 'string' } } };
  const content = {
    [FORM]: { schema: optionals },
    'text/plain': { schema: { type: 'string' } },
    'text/csv': { schema: { type: 'string', minLength: 1 } },
    'text/html': { schema: optionals },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
    'image/png': {},
    'application/json': {},
    'application/xml': { schema: optionals },
    'application/yaml': { schema: optionals },
    'application/x-ndjson': { schema: { type: 'array', items: optionals } },
    'application/json-seq': { schema: optionals },
    'application/jsonl': {},
    'application/jwt': {},
    'multipart/form-data': { schema: optionals },
    'multipart/mixed': {},
  };
  const operation = withBody(content);
  const read = [FORM, 'text/plain', 'text/csv'];
  const bytes = ['application/octet-stream', 'image/png'];
  for (const type of Object.keys(content)) {
    const expected = read.includes(type)
      ? 'validate'
      : bytes.includes(type)
        ? 'none'
        : 'body  required';
    // Content-Length: 0, and no framing at all.
    assert.equal(expect(operation, ['content-type', type], false), expected, type);
    // Chunks without a byte.
    const found = check(operation, type, '');
    if (type === 'text/csv') assert.equal(found, 'body  minLength');
    else assert.equal(found, expected === 'body  required' ? expected : '', type);
    const optional = withBody(content, { required: false });
    assert.equal(expect(optional, ['content-type', type], false), 'none', type);
    assert.equal(check(optional, type, ''), '', type);
  }
  assert.equal(expect(operation, ['content-type', 'a/b'], false), 'content-type  content-type');
  const needs = withBody({ [FORM]: { schema: { ...optionals, required: ['a'] } } });
  assert.equal(check(needs, FORM, ''), 'body  required');
  for (const text of ['\n', ' \r\n\n', '\x1e', '\x1e\n\x1e']) {
    for (const type of ['application/x-ndjson', 'application/json-seq']) {
      assert.equal(check(operation, type, text), 'body  required', JSON.stringify(text));
    }
  }
});

test('JSON behind a byte order mark is refused, and the mark named', () => {
  const operation = withBody({ 'application/json': { schema: payment } });
  const type = headers('content-type', 'application/json');
  const { violations } = operation.checkBody(type, utf8('\ufeff{"amount":1}'), BOUNDS);
  assert.equal(violations[0]?.rule, 'json-encoding');
  assert.match(violations[0]?.expected ?? '', /byte order mark/);
});

test('JSON bodies are read strictly and validated', () => {
  const operation = withBody({ 'application/json': { schema: payment } });
  const cases: readonly (readonly [string, string])[] = [
    ['{"amount":1}', ''],
    ['{"amount":"1"}', 'body /amount type'],
    ['{}', 'body  required'],
    ['', 'body  required'],
    ['{"amount":1,"amount":2}', 'body /amount json-duplicate-key'],
    ['x', 'body  json-syntax'],
    ['[1]', 'body  type'],
  ];
  for (const [body, expected] of cases) {
    assert.equal(check(operation, 'application/json', body), expected, body);
  }
  const parsed = operation.checkBody(
    headers('content-type', 'application/json'),
    utf8('{"amount":1}'),
    BOUNDS,
  );
  assert.deepEqual(parsed.value, { amount: 1 });
});

test('JSON without a schema is still read strictly', () => {
  const operation = withBody({ 'application/json': {} });
  assert.equal(check(operation, 'application/json', '{"a":1}'), '');
  assert.equal(check(operation, 'application/json', '{"a":1,"a":2}'), 'body /a json-duplicate-key');
});

test('strictProperties and readOnly in requests', () => {
  const schema = { type: 'object', properties: { id: { ...integer, readOnly: true }, a: integer } };
  const settings = { readOnlyMembers: 'refuse' } as const;
  const lenient = withBody({ 'application/json': { schema } }, { settings });
  const strict = withBody({ 'application/json': { schema } }, { strictProperties: true, settings });
  assert.equal(check(lenient, 'application/json', '{"a":1,"b":2}'), '');
  assert.equal(check(strict, 'application/json', '{"a":1,"b":2}'), 'body /b undocumented');
  assert.equal(check(lenient, 'application/json', '{"id":1}'), 'body /id readOnly');
});

const versioned = (...types: string[]) =>
  withBody(
    Object.fromEntries(
      types.map((type, index) => [
        type,
        { schema: { type: 'object', required: [String.fromCharCode(97 + index)] } },
      ]),
    ),
  );

/** The letters of the documented types whose schema a body of this type is held against. */
function heldAgainst(operation: ApiOperation, type: string): string {
  const letters = ['a', 'b', 'c'].filter((letter) => {
    return check(operation, type, `{"${letter}":1}`) === '';
  });
  return letters.length > 0 ? letters.join('') : check(operation, type, '{}');
}

const REFUSED = 'content-type  content-type';

test('a version that no media type documents is not read as another version', () => {
  const two = versioned('application/json; version=1', 'application/json; version=2');
  const cases: readonly (readonly [string, string])[] = [
    ['application/json; version=2', 'b'],
    ['application/json;version=1', 'a'],
    ['application/json;Version="1"', 'a'],
    ['application/json;charset=utf-8;version=2', 'b'],
    ['application/json;version=2;other=x', 'b'],
    ['application/json; version=3', REFUSED],
    ['application/json; version=', REFUSED],
    ['application/json; version=""', REFUSED],
    ['application/json; version="1,2"', REFUSED],
    ['application/json; version=1; version=2', REFUSED],
    // Which of them would the service read?
    ['application/json', REFUSED],
    ['application/json; versio=1', REFUSED],
  ];
  for (const [type, expected] of cases) assert.equal(heldAgainst(two, type), expected, type);
});

test('a type without parameters stands beside those with them, and alone for all', () => {
  const both = versioned('application/json', 'application/json; version=2');
  assert.equal(heldAgainst(both, 'application/json'), 'a');
  assert.equal(heldAgainst(both, 'application/json; version=2'), 'b');
  assert.equal(heldAgainst(both, 'application/json; version=3'), REFUSED);
  assert.equal(heldAgainst(both, 'application/json; other=3'), 'a');
  const plain = versioned('application/json');
  assert.equal(heldAgainst(plain, 'application/json; version=3'), 'a');
  const alone = versioned('application/json; version=1');
  assert.equal(heldAgainst(alone, 'application/json'), 'a');
  assert.equal(heldAgainst(alone, 'application/json; version=2'), REFUSED);
});

test('an undocumented version does not slip through a range', () => {
  const operation = withBody({
    'application/json; version=1': { schema: { type: 'object', required: ['a'] } },
    'application/*': {},
    '*/*': {},
  });
  assert.equal(heldAgainst(operation, 'application/json; version=1'), 'a');
  assert.equal(heldAgainst(operation, 'application/json; version=2'), REFUSED);
  assert.equal(heldAgainst(operation, 'application/json'), 'a');
});

test('several parameters must all fit, in any order', () => {
  const types = [
    'application/json;v=1',
    'application/json;v=1;ext=x',
    'application/json;v=2;ext=y',
  ];
  const operation = versioned(...types);
  assert.equal(heldAgainst(operation, 'application/json;v=1'), 'a');
  assert.equal(heldAgainst(operation, 'application/json;ext=x;v=1'), 'b');
  assert.equal(heldAgainst(operation, 'application/json;ext=y;v=1'), REFUSED);
  assert.equal(heldAgainst(operation, 'application/json;v=2'), 'c');
  assert.equal(heldAgainst(operation, 'application/json;ext=y'), 'c');
});

test('charset, boundary and q say nothing about the version, profile is a list', () => {
  const written = versioned('application/json; charset=utf-8; q=0.9');
  for (const type of [
    'application/json',
    'application/json;charset=UTF8',
    'application/json;q=1',
  ]) {
    assert.equal(heldAgainst(written, type), 'a', type);
  }
  assert.equal(heldAgainst(written, 'application/json;charset=utf-16'), 'content-type  charset');
  const charsets = versioned('application/json', 'application/json; charset=utf-8');
  assert.equal(heldAgainst(charsets, 'application/json; charset=utf-8'), 'b');
  assert.equal(heldAgainst(charsets, 'application/json'), 'a');
  const profiled = versioned('application/json', 'application/json; profile="urn:a"');
  assert.equal(heldAgainst(profiled, 'application/json; profile="urn:x urn:a"'), 'b');
  assert.equal(heldAgainst(profiled, 'application/json; profile="urn:x"'), 'a');
  const only = versioned('application/json; profile="urn:a"', 'application/json; profile="urn:b"');
  assert.equal(heldAgainst(only, 'application/json; profile="urn:b"'), 'b');
  assert.equal(heldAgainst(only, 'application/json; profile="urn:c"'), REFUSED);
  const form = withBody({ 'multipart/form-data; boundary=xyz': { schema: payment } });
  assert.equal(expect(form, ['content-type', 'multipart/form-data; boundary=abc']), 'validate');
});

test('the parts of a form have the version that their encoding documents', () => {
  const operation = withBody({
    'multipart/form-data': {
      schema: { type: 'object', properties: { p: { type: 'object' } } },
      encoding: { p: { contentType: 'application/json; version=1' } },
    },
  });
  const form = (type: string) =>
    check(
      operation,
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="p"\r\nContent-Type: ${type}\r\n\r\n{}\r\n--b--\r\n`,
    );
  assert.equal(form('application/json;version=1'), '');
  assert.equal(form('application/json'), '');
  assert.equal(form('application/json;version=2'), 'body /p content-type');
});

test('under a range, a type that nobody parses does not carry an object past its schema', () => {
  for (const range of ['*/*', 'application/*']) {
    const operation = withBody({ [range]: { schema: payment } });
    assert.equal(expect(operation, ['content-type', 'application/json']), 'validate');
    assert.equal(expect(operation, ['content-type', FORM]), 'validate');
    for (const type of ['application/xml', 'application/x-yaml', 'application/octet-stream']) {
      const refused = 'content-type  content-type';
      assert.equal(expect(operation, ['content-type', type]), refused, type);
      assert.equal(check(operation, type, '<amount/>'), refused, type);
    }
    assert.equal(expect(operation, ['content-type', 'text/plain']), 'content-type  content-type');
  }
  const bytes = withBody({ '*/*': { schema: { type: 'string', format: 'binary' } } });
  assert.equal(expect(bytes, ['content-type', 'application/xml']), 'validate');
});

test('text bodies are one value', () => {
  const text = withBody({ 'text/plain': { schema: { type: 'string', maxLength: 3 } } });
  assert.equal(check(text, 'text/plain', 'abc'), '');
  assert.equal(check(text, 'text/plain', 'abcd'), 'body  maxLength');
  assert.equal(check(text, 'text/plain', new Uint8Array([0xff])), 'body  encoding');
  const number = withBody({ 'text/plain': { schema: integer } });
  assert.equal(check(number, 'text/plain', '12'), '');
  assert.equal(check(number, 'text/plain', '12\n'), 'body  type');
});

const formSchema = {
  type: 'object',
  required: ['n'],
  properties: {
    n: integer,
    s: string,
    list: { type: 'array', items: integer },
    csv: { type: 'array', items: integer },
    address: { type: 'object', properties: { zip: integer } },
    deep: { type: 'object', properties: { zip: integer } },
    objects: { type: 'array', items: { type: 'object', properties: { zip: integer } } },
    lines: { type: 'array', items: { type: 'object', properties: { zip: integer } } },
  },
};

for (const openapi of ['3.0.4', '3.1.1']) {
  test(`form data in OpenAPI ${openapi}`, () => {
    const encoding = {
      csv: { style: 'form', explode: false },
      deep: { style: 'deepObject', explode: true },
      lines: { style: 'deepObject', explode: true },
    };
    const open = withBody({ [FORM]: { schema: formSchema, encoding } }, { rest: { openapi } });
    const closed = withBody(
      { [FORM]: { schema: { ...formSchema, additionalProperties: false }, encoding } },
      { rest: { openapi } },
    );
    const cases: readonly (readonly [string, string])[] = [
      ['n=1', ''],
      ['n=1&s=a+b%20c', ''],
      ['n=x', 'body /n type'],
      ['', 'body  required'],
      ['s=1', 'body  required'],
      ['n=1&n=2', 'body /n duplicate'],
      ['n=1&list=1&list=2', ''],
      ['n=1&list=1&list=x', 'body /list/1 type'],
      ['n=1&csv=1,2', ''],
      ['n=1&csv=1&csv=2', 'body /csv duplicate'],
      ['n=1&address={"zip":1}', ''],
      ['n=1&address=%7B%22zip%22%3A%22x%22%7D', 'body /address/zip type'],
      ['n=1&address=x', 'body /address json-syntax'],
      ['n=1&deep[zip]=1', ''],
      ['n=1&deep%5Bzip%5D=x', 'body /deep/zip type'],
      ['n=1&lines[0][zip]=1&lines[1][zip]=2', ''],
      ['n=1&lines[0][zip]=1&lines[1][zip]=x', 'body /lines/1/zip type'],
      ['n=1&lines[1][zip]=1', 'body /lines style'],
      ['n=1&lines={"zip":"x"}', 'body /lines style'],
      ['n=1&objects={"zip":1}&objects={"zip":2}', ''],
      ['n=1&objects={"zip":1}&objects={"zip":"x"}', 'body /objects/1/zip type'],
      ['n=1&objects=x', 'body /objects/0 json-syntax'],
      ['n=1&s=%', 'body /s encoding'],
      ['n=1&%FF=1', 'body  encoding'],
      ['n=1&s=%C0%AF', 'body /s encoding'],
    ];
    for (const [body, expected] of cases) assert.equal(check(open, FORM, body), expected, body);
    assert.equal(check(open, FORM, 'n=1&other=2'), '');
    assert.equal(check(open, FORM, 'n=1&other=2&other=3'), 'body  duplicate');
    assert.match(check(closed, FORM, 'n=1&other=2'), /additionalProperties/);
    assert.match(check(closed, FORM, 'n=1&__proto__=2'), /additionalProperties/);
  });
}

test('the parsed form is handed on with its types', () => {
  const operation = withBody({ [FORM]: { schema: formSchema } });
  const { value } = operation.checkBody(
    headers('content-type', FORM),
    utf8('n=1&list=2&s=3'),
    BOUNDS,
  );
  assert.deepEqual(value, { n: 1, list: [2], s: '3' });
});

const MULTIPART = 'multipart/form-data; boundary=XX';

function part(head: string, body: string): string {
  return `--XX\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
}

function upload(...parts: string[]): string {
  return `${parts.join('')}--XX--\r\n`;
}

const uploadSchema = {
  type: 'object',
  required: ['n'],
  additionalProperties: false,
  properties: {
    n: integer,
    s: string,
    tags: { type: 'array', items: string },
    meta: { type: 'object', properties: { a: integer }, additionalProperties: false },
    file: { type: 'string', format: 'binary', maxLength: 5 },
    files: { type: 'array', maxItems: 2, items: { type: 'string', format: 'binary' } },
    any: {},
    image: { type: 'string', contentMediaType: 'image/png' },
    list: { type: 'array', items: { type: 'object', properties: { a: integer } } },
  },
};

test('multipart/form-data: fields, files and JSON parts', () => {
  const operation = withBody({
    'multipart/form-data': {
      schema: uploadSchema,
      encoding: {
        image: { contentType: 'image/png, image/*' },
        meta: { headers: { 'X-N': { required: false, schema: integer } } },
      },
    },
  });
  const n = part('name="n"', '1');
  const typed = (name: string, type: string, body: string, more = '') =>
    part(`name="${name}"${more}\r\nContent-Type: ${type}`, body);
  const cases: readonly (readonly [string, string])[] = [
    [upload(n), ''],
    [upload(part('name=n', '1')), ''],
    [upload(part('name="n"', 'x')), 'body /n type'],
    [upload(), 'body  required'],
    [upload(n, n), 'body /n duplicate'],
    [upload(n, part('name="s"', '')), ''],
    [upload(n, part('name="tags"', 'a'), part('name="tags"', 'b')), ''],
    [upload(n, part('name="other"', 'a')), 'body /other additionalProperties'],
    [upload(n, typed('meta', 'application/json', '{"a":1}')), ''],
    [upload(n, typed('meta', 'application/json', '{"a":1}', '; filename="blob"')), ''],
    [upload(n, part('name="meta"', '{"a":1}')), ''],
    [upload(n, part('name="meta"', '{"a":"x"}')), 'body /meta/a type'],
    [upload(n, part('name="meta"', '{"a":1,"a":1}')), 'body /meta/a json-duplicate-key'],
    [upload(n, typed('meta', 'text/plain', '{"a":1}')), 'body /meta content-type'],
    [upload(n, part('name="meta"\r\nX-N: x', '{}')), 'body X-N/meta type'],
    [upload(n, part('name="meta"\r\nX-N: 1', '{}')), ''],
    [upload(n, typed('file', 'application/pdf', '\x00\xff', '; filename="a.pdf"')), ''],
    [upload(n, part('name="file"', '123456')), 'body /file maxLength'],
    [upload(n, part('name="files"', 'a'), part('name="files"', 'b')), ''],
    [
      upload(n, part('name="files"', 'a'), part('name="files"', 'b'), part('name="files"', 'c')),
      'body /files maxItems',
    ],
    [upload(n, typed('any', 'application/zip', 'PK')), ''],
    [upload(n, typed('image', 'image/png', 'x')), ''],
    [upload(n, typed('image', 'image/gif', 'x')), ''],
    [upload(n, typed('image', 'text/html', 'x')), 'body /image content-type'],
    [upload(n, typed('s', 'text/html', 'x')), 'body /s content-type'],
    [upload(n, typed('s', 'text/plain; charset=utf-16', 'x')), 'body /s charset'],
    [upload(n, part('name="s"; filename="x.txt"', 'x')), 'body /s filename'],
    [upload(n, part('name="list"', '{"a":1}'), part('name="list"', '{"a":2}')), ''],
    [
      upload(n, part('name="list"', '{"a":1}'), part('name="list"', '{"a":"x"}')),
      'body /list/1/a type',
    ],
    [upload(n, part('name="_charset_"', 'utf-16')), 'body  charset'],
    [upload(n, part('name="__proto__"', 'x')), 'body /__proto__ additionalProperties'],
  ];
  for (const [body, expected] of cases) {
    assert.equal(check(operation, MULTIPART, body), expected, body);
  }
});

test('multipart: what parsers disagree about is refused', () => {
  const operation = withBody({ 'multipart/form-data': { schema: { type: 'object' } } });
  const ok = upload(part('name="a"', '1'));
  assert.equal(check(operation, MULTIPART, ok), '');
  assert.equal(check(operation, MULTIPART, ok.slice(0, -2)), '');
  assert.equal(check(operation, 'multipart/form-data; boundary="XX"', ok), '');
  const cases: readonly (readonly [string, string, string])[] = [
    ['multipart/form-data', ok, 'boundary'],
    [`multipart/form-data; boundary=${'X'.repeat(71)}`, ok, 'boundary'],
    ['multipart/form-data; boundary="XX "', ok, 'boundary'],
    ['multipart/form-data; boundary=""', ok, 'boundary'],
    [MULTIPART, `preamble\r\n${ok}`, 'multipart'],
    [MULTIPART, `\r\n${ok}`, 'multipart'],
    [MULTIPART, `${ok}epilogue`, 'multipart'],
    [MULTIPART, ok.replace('--XX--\r\n', ''), 'multipart'],
    [MULTIPART, ok.replace('--XX--', '--XX'), 'multipart'],
    [MULTIPART, ok.replaceAll('\r\n', '\n'), 'multipart'],
    [MULTIPART, ok.replace('--XX\r\n', '--XX \r\n'), 'multipart'],
    [MULTIPART, ok.replace('\r\n\r\n', '\r\n'), 'multipart'],
    [MULTIPART, upload(part('filename="a"', '1')), 'content-disposition'],
    [MULTIPART, upload(part('name="a"; name="b"', '1')), 'content-disposition'],
    [MULTIPART, upload(part('name="a\\"; x="', '1')), 'content-disposition'],
    [MULTIPART, upload(part(`name="a"; filename*=UTF-8''x`, '1')), 'content-disposition'],
    [MULTIPART, upload(part('name="a"; filename', '1')), 'content-disposition'],
    [MULTIPART, upload(part('name="a', '1')), 'content-disposition'],
    [MULTIPART, ok.replace('form-data;', 'attachment;'), 'content-disposition'],
    [MULTIPART, ok.replace('Content-Disposition', 'X-Other'), 'content-disposition'],
    [
      MULTIPART,
      upload(part('name="a"\r\nContent-Disposition: form-data; name="b"', '1')),
      'part-headers',
    ],
    [MULTIPART, upload(part('name="a"\r\n folded', '1')), 'part-headers'],
    [MULTIPART, upload(part('name="a"\r\nX : y', '1')), 'part-headers'],
    [MULTIPART, upload(part('name="a"\nX: y', '1')), 'part-headers'],
    [MULTIPART, upload(part('name="a\0"', '1')), 'part-headers'],
    [MULTIPART, upload(part(`name="a"\r\nX: ${'y'.repeat(9000)}`, '1')), 'part-headers'],
    [
      MULTIPART,
      upload(part(`name="a"${Array.from({ length: 20 }, (_, i) => `\r\nX${i}: y`).join('')}`, '1')),
      'part-headers',
    ],
    [
      MULTIPART,
      upload(part('name="a"\r\nContent-Transfer-Encoding: base64', '1')),
      'content-encoding',
    ],
    [MULTIPART, upload(part('name="a"\r\nContent-Type: nonsense', '1')), 'part-content-type'],
    [
      MULTIPART,
      upload(...Array.from({ length: 1001 }, (_, i) => part(`name="a${i}"`, '1'))),
      'parts',
    ],
    [MULTIPART, '', 'required'],
    [MULTIPART, '--XX--', ''],
  ];
  for (const [type, body, rule] of cases) {
    assert.equal(
      check(operation, type, body),
      rule === '' ? '' : `body  ${rule}`,
      `${type} ${body.slice(0, 200)}`,
    );
  }
});
