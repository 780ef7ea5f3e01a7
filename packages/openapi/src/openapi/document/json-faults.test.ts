import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileApi } from '../index.ts';
import { compile, describeApi } from '../testing.fixture.ts';
import { parseText } from './source-document.ts';

/** What the author of a description in JSON is told, and where. */

function toldOf(text: string): string {
  const parsed = parseText('file:///api.json', text);
  if (parsed.ok) return 'read';
  const { line, column, message, suggestion } = parsed;
  return `${line}:${column} ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`;
}

const REMOVE = '(remove the comment)';
const COMMA = 'not JSON: nothing follows this comma (remove the comma)';
const QUOTES = '(put names and text in double quotes)';
const NUMBER =
  'not JSON: a number is not written so (no plus, no zero in front, digits on both sides of the point; text stands in double quotes)';
const WORD = '(put text in double quotes; true, false and null are written in small letters)';
const CLOSE = String.raw`not JSON: the closing quote is missing on this line (close the quotes; a line break in text is written as \n)`;
const ESCAPE = String.raw`not JSON: an escape that JSON has not (write a backslash as \\; four hexadecimal digits follow \u)`;
const CONTROL = String.raw`not JSON: a control character in text (write a tab as \t, any other as \u and four hexadecimal digits)`;
const TWICE = 'occurs twice in one object (remove or rename one of the two)';
const DEEP =
  "nested more than 200 levels deep (move the inner parts under 'components' and refer to them)";
const LONG =
  'a number of more than 2,048 characters, or with an exponent of more than 9 digits (put it in quotes, where it is text; no limit needs as much)';

const CASES: readonly (readonly [name: string, text: string, told: string])[] = [
  ['nothing at all', '', '1:1 not JSON: the document is empty'],
  ['blanks alone', ' \n\t\r\n', '1:1 not JSON: the document is empty'],
  [
    'a line comment',
    '{\n  // paths\n  "a": 1}',
    `2:3 not JSON: a comment, which JSON has not ${REMOVE}`,
  ],
  ['a block comment', '{"a": 1 /* b */}', `1:9 not JSON: a comment, which JSON has not ${REMOVE}`],
  ['a comment of YAML', '{"a": 1} # b', `1:10 not JSON: a comment, which JSON has not ${REMOVE}`],
  ['a comma after the last member', '{"a": 1,\n\n}', `1:8 ${COMMA}`],
  ['a comma after the last item', '{"a": [1, 2, ]}', `1:12 ${COMMA}`],
  ['two commas', '[1,,2]', '1:4 not JSON: a value is expected here'],
  [
    'no comma between members',
    '{"a": 1\n "b": 2}',
    '2:2 not JSON: a comma or a closing brace is expected here',
  ],
  [
    'no comma between items',
    '[1 2]',
    '1:4 not JSON: a comma or a closing bracket is expected here',
  ],
  ['no colon', '{"a" 1}', '1:6 not JSON: a colon is expected here'],
  ['no value', '{"a": }', '1:7 not JSON: a value is expected here'],
  ['the other bracket', '{"a": [1}', '1:9 not JSON: a comma or a closing bracket is expected here'],
  [
    'single quotes',
    "{'a': 1}",
    `1:2 not JSON: a name in double quotes or a closing brace is expected here ${QUOTES}`,
  ],
  ['text in single quotes', `{"a": 'b'}`, `1:7 not JSON: a value is expected here ${QUOTES}`],
  [
    'a name without quotes',
    '{"a": 1, b: 2}',
    '1:10 not JSON: a name in double quotes is expected here (put the name in double quotes)',
  ],
  ['text without quotes', '{"a": yes}', `1:7 not JSON: a value is expected here ${WORD}`],
  [
    'a word with a capital',
    '[True]',
    `1:2 not JSON: a value or a closing bracket is expected here ${WORD}`,
  ],
  ['no number', '{"a": NaN}', `1:7 not JSON: a value is expected here ${WORD}`],
  ['a plus', '{"a": +1}', `1:7 ${NUMBER}`],
  ['a zero in front', '{"a": 01}', `1:8 ${NUMBER}`],
  ['a point at the end', '{"a": 1.}', `1:8 ${NUMBER}`],
  ['a point in front', '{"a": .5}', `1:7 ${NUMBER}`],
  ['hexadecimal digits', '{"a": 0x1F}', `1:8 ${NUMBER}`],
  ['minus infinity', '[-Infinity]', `1:3 ${NUMBER}`],
  ['a date without quotes', '[2026-01-01]', `1:6 ${NUMBER}`],
  [
    'an end too early',
    '{"a": {"b": 1',
    '1:14 not JSON: the text ends where a comma or a closing brace is expected',
  ],
  ['an end after a name', '{"a"', '1:5 not JSON: the text ends where a colon is expected'],
  ['more than one value', '{}\n{}', '2:1 not JSON: the end of the document is expected here'],
  ['an open quote', '{\n"a": "b\n}', `2:8 ${CLOSE}`],
  ['an open quote at the end', '{"a": "b', `1:9 ${CLOSE}`],
  ['an unknown escape', String.raw`{"a": "\d+"}`, `1:8 ${ESCAPE}`],
  ['three hexadecimal digits', String.raw`{"a": "\u12g4"}`, `1:8 ${ESCAPE}`],
  ['a tab in text', '{"a": "b\tc"}', `1:9 ${CONTROL}`],
  ['lines that end with CR LF', '{\r\n"a": 1,\r\n"b" 2}', '3:5 not JSON: a colon is expected here'],
  ['lines that end with CR', '{\r"a": 1,\r"b" 2}', '3:5 not JSON: a colon is expected here'],
  ['a byte order mark', '\uFEFF{"a" 1}', '1:6 not JSON: a colon is expected here'],
  ['two byte order marks', '\uFEFF\uFEFF{}', '1:1 not JSON: a value is expected here'],
  [
    'a no-break space',
    '{\u00a0"a": 1}',
    '1:2 not JSON: a name in double quotes or a closing brace is expected here',
  ],
  ['a key twice', '{"a": 1,\n "b": 2, "a": 3}', `2:10 the key 'a' ${TWICE}`],
  ['a key twice, by an escape', '{"a": 1, "\\u0061": 3}', `1:10 the key 'a' ${TWICE}`],
  ['a key twice, far inside', '[{"x": [{"~/": 1, "~/": 2}]}]', `1:19 the key '~/' ${TWICE}`],
  [
    'a key of every object twice',
    '{"__proto__": 1, "__proto__": 2}',
    `1:18 the key '__proto__' ${TWICE}`,
  ],
  ['the 201st level', `{\n"a": ${'['.repeat(200)}${']'.repeat(200)}}`, `2:205 ${DEEP}`],
  ['a million levels', '['.repeat(1_000_000), `1:201 ${DEEP}`],
  ['a million levels of objects', '{"a":'.repeat(1_000_000), `1:1001 ${DEEP}`],
  [
    'a fault before what is too deep',
    `{"a" 1, "b": ${'['.repeat(1_000)}`,
    '1:6 not JSON: a colon is expected here',
  ],
  ['a number without an end', `{"a":\n ${'1'.repeat(2_049)}}`, `2:2 ${LONG}`],
  ['an exponent without an end', '{"a": 1e9999999999}', `1:7 ${LONG}`],
];

for (const [name, text, told] of CASES) {
  test(`a fault in JSON is told by its line, and by what was expected: ${name}`, () => {
    assert.equal(toldOf(text), told);
  });
}

test('what only looks like a fault is read', () => {
  for (const text of [
    '\uFEFF{"a": 1}',
    '{"a": "// no comment", "b": "/* none */ # either,}"}',
    `${'['.repeat(200)}${']'.repeat(200)}`,
    // An exact number is no level of its own.
    `${'['.repeat(200)}9007199254740993${']'.repeat(200)}`,
    `{"a": [1, {"a": 1}], "b": {"a": 1}, "A": 1}`,
    '{"a": "\\ud800"}',
    `{"a": ${'1'.repeat(2_048)}}`,
    '{"a": 1e999999999}',
  ]) {
    assert.equal(toldOf(text), 'read', text.slice(0, 80));
  }
});

test('a description is told by its file, line and column, whatever ends its lines', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const lines = ['{', '"openapi": "3.1.1", "info": {"title": "a", "version": "1"},'];
    const text = [...lines, '"paths": {"/a": {"get": 1}}}'].join(end);
    const options = { read: () => '', checkExtension: () => [], strictProperties: false };
    const compilation = compileApi({ uri: 'file:///api.json', text }, options);
    assert.ok(!compilation.ok);
    assert.deepEqual(
      compilation.errors.map(({ file, line, column }) => `${file}:${line}:${column}`),
      ['file:///api.json:3:18'],
      JSON.stringify(end),
    );
  }
});

test('nothing of a file that a description merely names comes into what its author is told', () => {
  for (const secret of ['{"token": tok-9f2}', "{'tok-9f2': 1}", '{"a": "tok-9f2\n"}', 'tok-9f2']) {
    const compilation = compile(describeApi({ '/a': { $ref: 'secret.json' } }), {
      files: { 'file:///api/secret.json': secret },
    });
    assert.ok(!compilation.ok);
    assert.doesNotMatch(JSON.stringify(compilation.errors), /tok-9f2/);
    assert.match(compilation.errors[0]?.message ?? '', /secret\.json:\d+:\d+: not JSON: /);
  }
  const twice = '{"tok-9f2": 1, "tok-9f2": 2}';
  const compilation = compile(describeApi({ '/a': { $ref: 'secret.json' } }), {
    files: { 'file:///api/secret.json': twice },
  });
  assert.ok(!compilation.ok);
  assert.doesNotMatch(JSON.stringify(compilation.errors), /tok-9f2/);
});

test('a value that no call can hold is refused where it stands, before any call meets it', () => {
  const schemas = [
    '{"const": "\\ud800"}',
    '{"enum": ["a", {"b": "\\udc00"}]}',
    '{"const": {"\\ud800": 1}}',
  ];
  for (const schema of schemas) {
    const content = `{"application/json": {"schema":\n${schema}}}`;
    const operation = `{"requestBody": {"content": ${content}}, "responses": {}}`;
    const json = `{"openapi": "3.1.1", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"post": ${operation}}}}`;
    for (const text of [json, `# YAML\n${json}`]) {
      const compilation = compile(text);
      assert.ok(!compilation.ok, text);
      const [error] = compilation.errors;
      assert.match(error?.message ?? '', /a value JSON cannot express/);
      assert.deepEqual([error?.line, error?.column], [text === json ? 2 : 3, 2]);
    }
  }
});
