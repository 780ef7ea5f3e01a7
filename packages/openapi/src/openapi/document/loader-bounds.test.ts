import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, describeApi } from '../testing.fixture.ts';

/** What a large, deep or broken file costs, and what its author is told. */

const answer = { responses: { 200: { description: '' } } };
const HEAD = 'openapi: 3.1.1\ninfo: { title: a, version: b }\n';

test('a thousand misspelt references among thousands of components do not stall the loader', () => {
  const name = (index: number) => `ComponentWithAQuiteLongName${index}`;
  const schemas = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [name(index), { type: 'object' }]),
  );
  const paths = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, index) => {
      const schema = { $ref: `#/components/schemas/x${name(index)}` };
      return [
        `/p${index}`,
        { get: { parameters: [{ name: 'a', in: 'query', schema }], ...answer } },
      ];
    }),
  );
  const compilation = compile(describeApi(paths, { components: { schemas } }));
  assert.ok(!compilation.ok);
  // The search is what took the time: it is made for the first of them only.
  const searched = compilation.errors.filter(({ suggestion }) => suggestion !== undefined);
  assert.equal(searched.length, 20);
  assert.match(searched[0]?.suggestion ?? '', /did you mean 'ComponentWithAQuiteLongName0'/);
  // Two hundred, and one that says how many more there are.
  assert.equal(compilation.errors.length, 201);
  assert.equal(compilation.errors.at(-1)?.unlisted, 1_300);
});

test('a description of a hundred thousand paths is refused with the limit, before it is read', () => {
  const paths = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, index) => [`/p${index}`, { get: answer }]),
  );
  const compilation = compile(JSON.stringify(describeApi(paths)));
  assert.ok(!compilation.ok);
  assert.deepEqual(
    compilation.errors.map(({ code, message }) => [code, /at most 30000 paths/.test(message)]),
    [['too-large', true]],
  );
});

test('a description of three thousand files is served', () => {
  const files: Record<string, string> = {};
  const paths: Record<string, object> = {};
  for (let index = 0; index < 1_500; index++) {
    files[`file:///api/paths/p${index}.yaml`] =
      `operationId: p${index}\nparameters: [{ $ref: "../q/q${index}.json" }]\nresponses: { 200: { description: "" } }`;
    files[`file:///api/q/q${index}.json`] = JSON.stringify({
      name: 'q',
      in: 'query',
      schema: { type: 'integer', minimum: index },
    });
    paths[`/p${index}`] = { get: { $ref: `paths/p${index}.yaml` } };
  }
  const compilation = compile(describeApi(paths), { files });
  assert.ok(compilation.ok, JSON.stringify(compilation).slice(0, 300));
  assert.equal(compilation.api.operations.length, 1_500);
});

const told: readonly (readonly [name: string, text: string, place: string, message: RegExp])[] = [
  ['flow lists', `${HEAD}a: ${'['.repeat(5_000)}`, '3', /nested more than 200 levels deep/],
  ['flow maps', `${HEAD}a: ${'{a: '.repeat(3_000)}`, '3', /nested more than 200 levels deep/],
  ['dashes', `${HEAD}a:\n ${'- '.repeat(5_000)}b`, '4', /nested more than 200 levels deep/],
  [
    'indented maps',
    `${HEAD}a:\n${Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i + 1)}b:`).join('\n')}`,
    '',
    /nested more than 200 levels deep/,
  ],
  [
    'deep JSON',
    `{\n"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`,
    '2:1000',
    /nested more than 200 levels deep/,
  ],
  ['deep JSON that ends early', `{\n"a":${'['.repeat(100_000)}`, '2', /nested more than 200/],
  ['two documents', `${HEAD}paths: {}\n---\nx: 1`, '4:1', /one file holds one description/],
  ['an empty second document', `---\n${HEAD}paths: {}\n---\n`, '5:1', /one file holds one/],
  ['a tab', `${HEAD}paths:\n\t/a: 1`, '4:1', /a tab at the start of a line/],
  ['an open quote', `${HEAD}a: "b\nc: d`, '4', /opened is not closed/],
  ['a column too few', `${HEAD}paths:\n   a: 1\n  b: 2`, '5:1', /the indentation fits neither/],
  ['a second colon', `${HEAD}a: b: c`, '3:4', /only one key/],
  ['a backtick', `${HEAD}a: \`x\``, '3:4', /cannot begin with this character/],
];

for (const [name, text, place, message] of told) {
  test(`an unreadable file is told by its line and in our words: ${name}`, () => {
    const compilation = compile(text);
    assert.ok(!compilation.ok);
    const [error] = compilation.errors;
    assert.equal(error?.code, 'unreadable-document');
    assert.match(error?.message ?? '', message);
    assert.doesNotMatch(error?.message ?? '', /call stack|parseAllDocuments|YAML\.parse/);
    assert.ok(
      `${error?.line}:${error?.column}`.startsWith(place),
      `${error?.line}:${error?.column}`,
    );
  });
}

test('a fault in a file that is referred to is told with that file and line', () => {
  const compilation = compile(describeApi({ '/a': { $ref: 'a.yaml' } }), {
    files: { 'file:///api/a.yaml': `get: {}\n---\nput: {}` },
  });
  assert.ok(!compilation.ok);
  assert.match(compilation.errors[0]?.message ?? '', /a\.yaml:2:1: a second YAML document/);
});
