import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonText } from '@poorter/openapi/json';
import fc from 'fast-check';
import { jsonElements } from './json-elements.ts';

async function read(text: string, lists: readonly string[], size = text.length) {
  const found = [];
  for await (const one of jsonElements(pieces(text, size), new Set(lists))) found.push(one);
  return found;
}

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += Math.max(1, size))
    yield text.slice(at, at + Math.max(1, size));
}

test('the elements of a named list are found wherever it stands, and those of no other', async () => {
  const text = `{ "realm": "users", "roles": { "users": [1] },
  "users" : [ {"a": "]}\\"," },
    {"users": [2]} , "text", 3 ], "more": [[4], "users"], "identityProviders": [{"alias": "p"}] }`;
  const found = await read(text, ['users', 'identityProviders']);
  assert.deepEqual(
    found.map(({ list, line, text: one }) => [list, line, parseJsonText(one)]),
    [
      ['users', 2, { a: ']}",' }],
      ['users', 3, { users: [2] }],
      ['users', 3, 'text'],
      ['users', 3, 3],
      ['identityProviders', 3, { alias: 'p' }],
    ],
  );
  assert.deepEqual((await read('[{"a":1},{"a":2}]', ['users', ''])).length, 2);
  assert.deepEqual(await read('[{"users":[1]}]', ['users']), []);
});

test('a document that ends in its middle is said to, and a long element is not gathered', async () => {
  for (const text of ['{"users": [{"a": 1}', '{"users": [1', '{"users": ["x', '{']) {
    await assert.rejects(read(text, ['users']), { name: 'UnreadableAccounts', message: /middle/ });
  }
  await assert.rejects(read('{}}', ['users']), { message: /never opened/ });
  const long = `{"users":\n[{"a":"${'x'.repeat(300_000)}`;
  await assert.rejects(read(long, ['users'], 1_000), { line: 2, message: /more than 262144/ });
});

test('it finds what a parser of the whole finds, wherever the pieces are cut', async () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const document = fc.record({
    before: value,
    users: fc.array(value, { maxLength: 5 }),
    after: value,
  });
  await fc.assert(
    fc.asyncProperty(
      document,
      fc.integer({ min: 1, max: 9 }),
      fc.nat({ max: 3 }),
      async (whole, size, indent) => {
        const text = JSON.stringify(whole, null, indent);
        const found = await read(text, ['users'], size);
        assert.deepEqual(
          found.map(({ text: one }) => JSON.stringify(parseJsonText(one))),
          whole.users.map((one) => JSON.stringify(one)),
        );
        const alone = await read(JSON.stringify(whole.users), [''], size);
        assert.equal(alone.length, whole.users.length);
      },
    ),
  );
});

test('whatever the file holds, it is read or refused, and never a fault', async () => {
  const unit = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'users', '\\', '\n', '1', ' ');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, maxLength: 20 }), async (text) => {
      const found = await read(text, ['users', ''], 3).catch((error: Error) => error);
      if (found instanceof Error) assert.equal(found.name, 'UnreadableAccounts');
    }),
    { numRuns: 2_000 },
  );
});
