import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { processorMs } from '../../processor-time.fixture.ts';
import { BOUNDS, codes, compile, describeApi, headers, utf8 } from '../testing.fixture.ts';
import { check, expect, integer, payment, withBody } from './bodies.fixture.ts';

const YAML = 'application/yaml';
const TYPES = [
  ...['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/yml'],
  ...['application/vnd.bank+yaml', 'application/vnd.yaml', 'text/vnd.yaml', 'application/x-yml'],
];

test('YAML does not carry an amount past the schema that JSON is held to, under any name of its type', () => {
  const small = { type: 'object', properties: { amount: { type: 'integer', maximum: 100 } } };
  const content = Object.fromEntries(TYPES.map((type) => [type, { schema: small }]));
  const operation = withBody(content);
  const cases: readonly (readonly [string, string])[] = [
    ['amount: 100', ''],
    ['{amount: 100}', ''],
    ['{"amount":100}', ''],
    ['amount: 101', 'body /amount maximum'],
    ['amount:\n  101', 'body /amount maximum'],
    ["'amount': 101", 'body /amount maximum'],
    ['"\\x61mount": 101', 'body /amount maximum'],
    ['{amount: 101}', 'body /amount maximum'],
    ['# all\n---\namount: 101 # more\n...\n', 'body /amount maximum'],
    ['amount: "100"', 'body /amount type'],
    ['amount: |\n  100\n', 'body /amount type'],
    ['amount:', 'body /amount type'],
    ['amount: 1\namount: 101', 'body /amount json-duplicate-key'],
    ['amount: 1\n"amount": 101', 'body /amount json-duplicate-key'],
    ['Amount: 101', 'body /Amount look-alike'],
    ['"amount ": 101', 'body /amount  look-alike'],
    ['__proto__: {amount: 101}', 'body /__proto__ prototype'],
    ['- amount: 101', 'body  type'],
    ['amount 101', 'body  type'],
    ['', 'body  required'],
    ['# nothing', 'body  type'],
  ];
  for (const type of TYPES) {
    assert.equal(expect(operation, ['content-type', type]), 'validate', type);
    for (const [text, expected] of cases) {
      assert.equal(check(operation, type, text), expected, `${type} ${text}`);
    }
  }
});

const ORDINARY: readonly string[] = [
  'a: 1\nb:\n  - x\n  - y: [1, two, "three"]\n    z: {q: r, s: }\n',
  '---\n# first\na: |\n  two\n   lines\n\n  and more\nb: >-\n  folded\n  text\nc: "escaped \\n \\u00e9 \\\n  over lines"\n...\n',
  "name: it's all right, isn't it? (yes: it is) #1\n".replace('(yes: it is)', '(yes)'),
  'a long text: that goes on\n  over the line\n\n  and a paragraph\n',
  '- - a\n  - b\n- {}\n- []\n-\n- null\n',
  '{\n\t"json": [1, 2.5, true, null, "a"],\n\t"more": {"a":"b"}\n}\n',
  'url: http://example.com:8080/a?b=c#d\nlist: [http://example.com/a, x-y]\nempty: {}\n',
  'on-call: true\nx: 1\ny: 2\nwhen: 2026-11-30\n',
  'windows: 1\r\nlines:\r\n  - a\r\n  - |\r\n    b\r\n',
  'a: "tab\tin quotes"\nb: |\n  tab\tin a block\n',
  `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  labels: {app: shop, "app.kubernetes.io/name": shop}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: shop
          image: registry.example.com/shop:1.4.2
          command: ["/bin/sh", "-c", "exec shop --port 8080"]
          env:
          - name: START
            value: "08:30"
          resources: {limits: {memory: 128Mi, cpu: 500m}}
      volumes:
        - name: files
          configMap:
            name: files
            defaultMode: 0644
`,
  `openapi: 3.1.0
info: {title: Payments, version: '1'}
paths:
  /payments/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, pattern: '^[a-z]{3}$'}}
      responses:
        200:
          description: what was paid
        404:
          description: >
            Nothing is there,
            or nobody may see it.
`,
];

test('ordinary documents of YAML pass, as JSON of the same value does', () => {
  const operation = withBody({ [YAML]: { schema: { type: ['object', 'array'] } } });
  for (const text of ORDINARY) assert.equal(check(operation, YAML, text), '', text);
  const checked = operation.checkBody(headers('content-type', YAML), utf8(ORDINARY[0]!), BOUNDS);
  assert.deepEqual(checked.value, {
    a: 1,
    b: ['x', { y: [1, 'two', 'three'], z: { q: 'r', s: null } }],
  });
  const differs = operation.checkBody(headers('content-type', YAML), utf8('a: yes'), BOUNDS);
  assert.deepEqual(differs, { violations: [], value: undefined });
});

test('what services find in YAML by its structure is one thing: all else is refused', () => {
  const operation = withBody({ [YAML]: { schema: { type: ['object', 'array', 'string'] } } });
  const cases: readonly (readonly [text: string, expected: string])[] = [
    // What stands for something else.
    ['a: &x 1\nb: *x', ' yaml-reference'],
    ['a: !!int 5', ' yaml-reference'],
    ['a: ! 5', ' yaml-reference'],
    ['!a {b: c}', ' yaml-reference'],
    ['<<: {amount: 5}', '/<< yaml-reference'],
    ['- <<: 5', '/0/<< yaml-reference'],
    ['%YAML 1.1\n---\na: 1', ' yaml-reference'],
    // Several documents, and where js-yaml begins one.
    ['a: 1\n---\nb: 2', ' yaml-syntax'],
    ['a: 1\n...\nb: 2', ' yaml-syntax'],
    ['---\n---\na: 1', ' yaml-syntax'],
    ['---- 5', ' yaml-plain'],
    // Names that are none, or another to some.
    ['? a\n: b', ' yaml-syntax'],
    ['? [a]\n: b', ' yaml-syntax'],
    ['[a]: b', ' yaml-syntax'],
    [': b', '/ yaml-syntax'],
    ['{: b}', ' yaml-syntax'],
    ['{a}', '/a yaml-syntax'],
    ['{"a\r\n b": 1}', '/a b yaml-syntax'],
    ['{a\n b: 1}', '/a b yaml-syntax'],
    ['{"a":}', ' yaml-syntax'],
    ['[a: 1]', '/0 yaml-syntax'],
    ['{amount:5}', ' yaml-plain'],
    ['{amount:}', ' yaml-plain'],
    ['{amount:[5]}', ' yaml-plain'],
    ['{?amount: 5}', ' yaml-plain'],
    [':amount: 5', ' yaml-plain'],
    ...['010', '0x10', '1_0', '1.0', '1e1', '1,0', '-0', '1:30', '9007199254740993'].map(
      (key) => [`${key}: 1`, `/${key} yaml-plain`] as const,
    ),
    ...['Yes', 'TRUE', 'on', 'no', 'null', '.inf', '2026-11-30', 'tRue'].map(
      (key) => [`${key}: 1`, `/${key} yaml-plain`] as const,
    ),
    ['~: 1', '/~0 yaml-plain'],
    ['a:\n- b:\n    on: 1', '/a/0/b/on yaml-plain'],
    ...['200', '1.5', '-1', 'true', 'false', 'y', 'N', '"on"', "'010'", 'a:b', '1.2.3'].map(
      (key) => [`${key}: 1`, ''] as const,
    ),
    ['200: a\n"200": b', '/200 json-duplicate-key'],
    // Tabs, line ends and controls.
    ['a:\t1', ' yaml-syntax'],
    ['a: 1\t', ' yaml-syntax'],
    ['a:\n\tb: 1', ' yaml-syntax'],
    ['a: b\tc', ' yaml-syntax'],
    ['a: 1\rb: 2', ' yaml-syntax'],
    ['a: 1\u0085b: 2', ' yaml-syntax'],
    ['a: "x\u2028y"', ' yaml-syntax'],
    ['a: \u0000', ' yaml-syntax'],
    ['a: \u007f', ' yaml-syntax'],
    ['a: 1\n\ufeffb: 2', ' yaml-syntax'],
    ['a: "\\u2028\\u0001"', ''],
    // Quotes that end elsewhere to others: the next line is not indented.
    ['"a": "x\\"\n"b": "y"\n', ' yaml-syntax'],
    ["a: 'x''\nb: 'y'\n", ' yaml-syntax'],
    ['a: "x \n y"', ' yaml-syntax'],
    ['a: "x\\\n\n  y"', ' yaml-syntax'],
    // Blocks that end elsewhere, or with more.
    ['|\n# a', ' yaml-syntax'],
    ['a: |2\n   b\n', ' yaml-syntax'],
    ['a: |\n\nb: 1\n', ' yaml-syntax'],
    ['a: |+\n  b\n  ', ' yaml-syntax'],
    ['- -\n- a', ' yaml-syntax'],
    ['- - # a\n- b', ' yaml-syntax'],
    // What is no YAML.
    ['a: [', ' yaml-syntax'],
    ['a: ]', ' yaml-syntax'],
    ['[a,,b]', ' yaml-syntax'],
    ['[,a]', ' yaml-syntax'],
    ['a: b: c', ' yaml-syntax'],
    ['a: "b', ' yaml-syntax'],
    ['a: "\\q"', ' yaml-syntax'],
    ['a: b\n c: d', ' yaml-syntax'],
    ['a: 1\n  b: 2', ' yaml-syntax'],
    ['a: b # c\n  d', ' yaml-syntax'],
    ['a: @b', ' yaml-syntax'],
    ['- a\nb: c', ' yaml-syntax'],
    ['a: "\\ud800"', '/a json-encoding'],
    [`${'[a, '.repeat(53)}b`, ' json-depth'],
    [`${'- '.repeat(51)}a`, ' json-depth'],
    [`${'- '.repeat(50)}a`, ''],
  ];
  for (const [text, expected] of cases) {
    const found = check(operation, YAML, text);
    assert.equal(found, expected === '' ? '' : `body ${expected}`, JSON.stringify(text));
  }
  const invalid = new Uint8Array([...utf8('a: '), 0xff]);
  assert.equal(check(operation, YAML, invalid), 'body  json-encoding');
  assert.equal(check(operation, `${YAML}; charset=utf-16`, 'a: 1'), 'content-type  charset');
  assert.equal(check(operation, `${YAML}; charset=us-ascii`, 'a: é'), 'content-type  charset');
  assert.equal(check(operation, `${YAML}; charset=us-ascii`, 'a: e'), '');
});

test('a merge key carries no member past the schema by being written in quotes or escapes', () => {
  const closed = {
    type: 'object',
    properties: { amount: { type: 'integer', minimum: 0 }, list: {} },
  };
  const operation = withBody({ [YAML]: { schema: closed } });
  for (const [text, pointer] of [
    ['{"amount":5,"<<":{"amount":-1000,"role":"admin"}}', '/<<'],
    ['amount: 5\n"<<":\n  amount: -1000\n', '/<<'],
    ["amount: 5\n'<<': {amount: -1000}\n", '/<<'],
    ['amount: 5\n"\\x3c<": {amount: -1000}\n', '/<<'],
    ['amount: 5\n"<<": [{amount: -1000}]\n', '/<<'],
    ['amount: 5\nlist: [{"\\u003c\\x3C": {amount: -1000}}]\n', '/list/0/<<'],
    ['amount: 5\nlist:\n- "<<": {amount: -1000}\n', '/list/0/<<'],
  ] as const) {
    assert.equal(check(operation, YAML, text), `body ${pointer} yaml-reference`, text);
  }
  assert.equal(check(operation, YAML, 'amount: 5\nlist: ["<<", "<<<"]\n'), '');
});

test('a byte order mark hides no member: services read it as part of a name, or of a line', () => {
  const operation = withBody({ [YAML]: { schema: payment } });
  assert.equal(check(operation, YAML, 'amount: 5\n'), '');
  for (const text of [
    '\ufeffamount: 5\n',
    '\ufeff',
    '\ufeff{"amount":5}',
    '\ufeff# all\namount: 5\n',
  ]) {
    assert.equal(check(operation, YAML, text), 'body  json-encoding', JSON.stringify(text));
  }
  for (const text of ['\ufeff\ufeffamount: 5', '# all\n\ufeffamount: 5', 'amount: 5\n\ufeff']) {
    assert.match(check(operation, YAML, text), /json-encoding|yaml-syntax/, JSON.stringify(text));
  }
});

test('an empty item of an inner list moves no item of the outer list into it', () => {
  const operation = withBody({ [YAML]: { schema: { type: ['object', 'array'] } } });
  for (const [text, pointer] of [
    ['rows:\n-\n  -\n- admin\n', '/rows/0'],
    ['-\n  -\n- admin\n', '/0'],
    ['-\n  - a\n  - # none\n\n# more\n\n- admin\n', '/0'],
    ['-\n  - a\n  -   \n- admin\n', '/0'],
    ['- a:\n  -\n- admin\n', '/0/a'],
    ['- a:\n    b:\n      -\n- admin\n', '/0/a/b'],
    ['- - a\n  -\n- admin\n', '/0'],
  ] as const) {
    assert.equal(check(operation, YAML, text), `body ${pointer} yaml-syntax`, text);
  }
  for (const text of [
    '-\n- a\n-\n',
    'a:\n-\n-\nb:\n  -\nc: 1\n',
    '-\n  -\n  - a\n- b\n',
    '-\n  - ""\n- null\n',
    '-\n  - null\n- b\n',
    '-\n  - []\n- b\n',
  ]) {
    assert.equal(check(operation, YAML, text), '', text);
  }
});

test('members that only the service may set do not pass by being written in YAML', () => {
  const schema = { type: 'object', properties: { id: { readOnly: true }, amount: {} } };
  const operation = withBody({ [YAML]: { schema } });
  assert.equal(check(operation, YAML, 'amount: 1'), '');
  assert.equal(check(operation, YAML, 'amount: 1\nid: 5'), 'body  readOnly');
  const json = operation.checkBody(
    headers('content-type', YAML),
    utf8('{"id":5,"amount":1}'),
    BOUNDS,
  );
  assert.equal(Buffer.from(json.cut ?? []).toString(), '{"amount":1}');
});

test('YAML streams, or is a text, where its description says nothing of lists and objects', () => {
  const operation = withBody({
    'application/yaml': {},
    'application/x-yaml': { schema: { type: 'string', format: 'binary' } },
    'text/yaml': { schema: { type: 'string', maxLength: 20 } },
  });
  assert.equal(expect(operation, ['content-type', 'application/yaml']), 'stream');
  assert.equal(expect(operation, ['content-type', 'application/x-yaml']), 'stream');
  assert.equal(check(operation, 'text/yaml', '&a [*a, *a'), '');
  const parts = { type: 'object', properties: { file: payment } };
  const encoding = { file: { contentType: 'application/yaml' } };
  const form = withBody({ 'multipart/form-data': { schema: parts, encoding } });
  const body =
    '--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: application/yaml\r\n\r\namount: x\r\n--b--\r\n';
  assert.equal(check(form, 'multipart/form-data; boundary=b', body), 'body /file type');
});

test('loading does not warn of a body of YAML that is read, and does of an answer that is not', () => {
  const content = { [YAML]: { schema: payment } };
  const described = (request: object, answer: object) =>
    describeApi({
      '/x': {
        post: {
          requestBody: { content: request },
          responses: { 200: { description: '', content: answer } },
        },
      },
    });
  const json = { 'application/json': { schema: payment } };
  assert.deepEqual(codes(compile(described(content, json))), []);
  assert.match(codes(compile(described(json, content))).join(), /^warning unenforceable-schema/);
  const numbers = { [YAML]: { schema: integer } };
  assert.match(codes(compile(described(numbers, json))).join(), /^warning unenforceable-schema/);
});

/** A value, written by the library as YAML in one of its manners. */
const written = fc
  .tuple(
    fc.anything({
      key: fc.oneof(
        fc.constantFrom('amount', 'note', 'a b', '200', 'on', '010', 'Amount', '#', 'a: b', '- a'),
        fc.string({ maxLength: 10 }),
      ),
      values: [
        fc.constantFrom('yes', '1e3', '010', '1:30', ' a', 'two\nlines\n', 'null', "it's", '"', ''),
        fc.string(),
        fc.integer(),
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.boolean(),
        fc.constant(null),
      ],
      maxDepth: 3,
    }),
    fc.record({
      collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
      defaultStringType: fc.constantFrom('QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
      defaultKeyType: fc.constantFrom('QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
      indent: fc.integer({ min: 1, max: 4 }),
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 80),
      version: fc.constantFrom('1.1' as const, '1.2' as const),
    }),
  )
  .map(([value, options]) => {
    const json = JSON.stringify(value) ?? 'null';
    const settings = { ...options, blockQuote: false, aliasDuplicateObjects: false };
    return { json, yaml: stringify(JSON.parse(json), settings) };
  });

test('a value is judged in YAML as it is in JSON, whatever it holds and however it is written', () => {
  const schema = {
    ...{ type: ['object', 'array', 'null'], maxProperties: 3, maxItems: 3 },
    additionalProperties: { type: ['string', 'number', 'object', 'array'] },
    properties: { amount: integer, note: { type: 'string', maxLength: 3 } },
    items: { type: ['string', 'boolean', 'object'] },
  };
  const operation = withBody({ 'application/json': { schema }, [YAML]: { schema } });
  // What the library folds has blanks at the end of a line, and others read them.
  const isRefused = (found: string) => /yaml-syntax$/.test(found);
  let judged = 0;
  fc.assert(
    fc.property(written, ({ json, yaml }) => {
      const inYaml = check(operation, YAML, yaml);
      const inJson = check(operation, 'application/json', json);
      if (isRefused(inYaml)) return;
      judged += 1;
      // A float that PyYAML takes for a text fits, or may not.
      if (inYaml.endsWith('yaml-plain')) assert.match(yaml, /[0-9]e/);
      else assert.equal(inYaml, inJson, yaml);
    }),
    { numRuns: 500 },
  );
  assert.ok(judged > 300, `${judged}`);
});

/** Of one piece again and again, to that length. */
const filled = (bytes: number, piece: string, before = '', after = '') =>
  before + piece.repeat(Math.floor((bytes - before.length - after.length) / piece.length)) + after;

test('no body of YAML takes more than a moment, whatever its shape, and none is longer than is read', () => {
  const operation = withBody({ [YAML]: { schema: { type: ['object', 'array'] } } });
  const judge = (text: string, atMostMs: number) => {
    const took = processorMs(() => check(operation, YAML, text));
    assert.ok(took < atMostMs, `${JSON.stringify(text.slice(0, 20))}: ${took} ms`);
  };
  // Enough that what grows with the square of it takes seconds.
  const bytes = 16_384;
  const bound = 131_072;
  for (const piece of [
    ...['[', '- ', '? ', '{a: ', ']', '}', '[]', '\t', ':', ': ', '#\n', '"', "'", ' ', '\n'],
    ...['&a ', '*', '!', '%a\n', '---\n', '...\n', 'a: ', 'a:\n', '- a\n', '"a\n', '|\n', ':\n'],
    ...['- - a\n', 'a: |\n  x\n', '- 1:30\n', '{a: {', '?\n', '-\n', '\r\n', ' \n', "a'", '<<: '],
  ]) {
    judge(filled(bytes, piece), 400);
  }
  for (const piece of [',', ' \n', '\t', ':', '"a" ', '1, #\n']) {
    judge(filled(bytes, piece, '[', ']'), 400);
  }
  for (const piece of ['\\', '\\q', '\\"', '\n', ' ', '\\\n']) {
    judge(filled(bytes, piece, 'a: "', '"'), 400);
  }
  for (const piece of ['  x\n', '\n', '  x\n\n', ' ', '  x\n   y\n']) {
    judge(filled(bytes, piece, 'a: >\n'), 400);
  }
  for (const piece of ['  #\n', ' ', '\n', '#\n\n']) {
    judge(filled(bytes, piece, 'a:\n', '  b'), 400);
  }
  for (const digit of ['0x1', '07', '1_', '1:0', '0b1', '.', '1,']) {
    for (const length of [2_000, bytes - 20]) {
      judge(filled(bytes, `- ${digit.padEnd(length, digit.slice(1) || digit)}\n`), 400);
    }
  }
  for (const piece of ['1,', '[],', 'a: 1,']) {
    const [open, close] = piece.startsWith('a') ? ['{', '}'] : ['[', ']'];
    judge(filled(bound, piece, open, close), 1_500);
  }
  judge(filled(bound, '- yes\n- 010\n- 1e3\n- 1,0\n'), 1_500);
  judge(filled(bound, '- 2026-02-14\n'), 1_500);
  assert.equal(check(operation, YAML, `a: ${'b'.repeat(2 * bound)}`), 'body  yaml-bytes');
});
