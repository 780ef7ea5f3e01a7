import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openApi, openApiInSteps } from './open-api.ts';
import { packApi, unpackApi } from './packed-api.ts';
import { BOUNDS, compile, describeApi, headers, parts, told, utf8 } from './testing.fixture.ts';
import type { Api, CompiledApi } from './types.ts';

function compiled(document: unknown): CompiledApi {
  const compilation = compile(document);
  assert.ok(compilation.ok, JSON.stringify(compilation));
  return compilation.api;
}

/** `count` operations, more than one section of routes where that is asked for. */
function manyOperations(count: number): object {
  return describeApi(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `/größe/${index}/{id}`,
        {
          post: {
            'x-poorter': { mode: 'observe' },
            summary: `Nummer ${index} – «é»`,
            parameters: [
              {
                name: 'id',
                in: 'path',
                required: true,
                schema: { type: 'integer', minimum: index },
              },
            ],
            requestBody: {
              content: {
                'application/json': {
                  schema: {
                    type: 'object',
                    properties: { ü: { type: 'string', maxLength: index } },
                  },
                },
              },
            },
            responses: { 200: { description: '' } },
          },
        },
      ]),
    ),
  );
}

/** Everything that can be read off a description, in plain form, but for what does not travel. */
function plain({ operations, schemas, comparable: _, ...outline }: CompiledApi): unknown {
  return {
    ...outline,
    operations: operations.map(
      ({ id, method, path, summary, deprecated, security, settings, line, column, plan }) => ({
        ...{ id, method, path, summary, deprecated, security, settings, line, column, plan },
      }),
    ),
    units: Array.from({ length: schemas.units.length }, (_, index) => schemas.units.at(index)),
    entries: schemas.entries,
    diagnostics: schemas.diagnostics,
  };
}

function verdict(api: Api, method: string, path: string, body: string): unknown {
  const match = api.match(method, path);
  if (match.kind !== 'operation') return match;
  const { operation, pathValues } = match;
  const fields = headers('content-type', 'application/json');
  return [
    operation.compiled.id,
    told(operation.checkParameters(parts({ pathValues }))),
    told(operation.checkBody(fields, utf8(body), BOUNDS).violations),
  ];
}

for (const count of [0, 1, 249, 250, 251, 600]) {
  test(`packed and unpacked, ${count} operations are what they were`, () => {
    const before = compiled(manyOperations(count));
    const after = unpackApi(packApi(before));
    assert.equal(after.comparable, undefined);
    assert.deepEqual(plain(after), JSON.parse(JSON.stringify(plain(before))));
  });
}

test('a packed description judges every call as the plain one does', () => {
  const before = compiled(manyOperations(300));
  const packed = packApi(before);
  const shared = new Uint8Array(new SharedArrayBuffer(packed.bytes.length + 3), 3);
  shared.set(packed.bytes);
  const [left, right] = [openApi(before), openApi(unpackApi({ ...packed, bytes: shared }))];
  fc.assert(
    fc.property(
      fc.constantFrom('POST', 'GET'),
      fc.nat({ max: 320 }),
      fc.oneof(fc.integer({ min: -5, max: 400 }).map(String), fc.string()),
      fc.oneof(
        fc.json(),
        fc.string({ maxLength: 300 }).map((text) => JSON.stringify({ ü: text })),
      ),
      (method, index, id, body) => {
        const path = `/gr%C3%B6%C3%9Fe/${index}/${encodeURIComponent(id)}`;
        assert.deepEqual(verdict(right, method, path, body), verdict(left, method, path, body));
      },
    ),
  );
});

test('equal descriptions have equal digests, and one changed bound makes another', () => {
  const digest = (maximum: number) =>
    packApi(
      compiled(
        describeApi({
          '/x': {
            get: {
              parameters: [{ name: 'n', in: 'query', schema: { type: 'integer', maximum } }],
              responses: { 200: { description: '' } },
            },
          },
        }),
      ),
    ).digest;
  assert.equal(digest(5), digest(5));
  assert.notEqual(digest(5), digest(6));
});

test('a large description is opened in several stretches, and once', async () => {
  const description = unpackApi(packApi(compiled(manyOperations(600))));
  let rests = 0;
  const rest = async () => {
    rests++;
  };
  await openApiInSteps(description, rest);
  assert.ok(rests >= 3, `${rests}`);
  const api = openApi(description);
  await openApiInSteps(description, rest);
  assert.equal(openApi(description), api);
  assert.equal(api.match('POST', '/gr%C3%B6%C3%9Fe/599/7').kind, 'operation');
});
