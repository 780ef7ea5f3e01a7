import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeApi, open } from './testing.fixture.ts';
import type { Match } from './types.ts';

const answer = { responses: { 200: { description: '' } } };

function api(...paths: string[]) {
  return open(describeApi(Object.fromEntries(paths.map((path) => [path, { get: answer }]))));
}

function shown(match: Match): string {
  return match.kind === 'operation'
    ? [match.operation.compiled.path, ...match.pathValues].join(' ')
    : match.kind;
}

test('concrete before templated, segment by segment from the left', () => {
  const found = api('/a/{x}', '/a/me', '/a/{x}/c', '/a/b/{y}', '/{any}/c', '/', '/a/', '/a');
  const cases: readonly (readonly [string, string])[] = [
    ['/a/me', '/a/me'],
    ['/a/you', '/a/{x} you'],
    ['/a/b/c', '/a/b/{y} c'],
    ['/a/d/c', '/a/{x}/c d'],
    ['/a/b/d', '/a/b/{y} d'],
    ['/z/c', '/{any}/c z'],
    ['/a/c', '/a/{x} c'],
    ['/', '/'],
    ['/a/', '/a/'],
    ['/a', '/a'],
    ['/a/x/', 'no-such-path'],
    ['//c', 'no-such-path'],
    ['/A/me', 'no-such-path'],
    ['', 'no-such-path'],
    ['a', 'no-such-path'],
    ['/a/b/c/d', 'no-such-path'],
    ['/constructor', 'no-such-path'],
    ['/__proto__', 'no-such-path'],
  ];
  for (const [path, expected] of cases)
    assert.equal(shown(found.match('GET', path)), expected, path);
});

test('parameters that fill a part of a segment', () => {
  const found = api('/f/{name}.{ext}', '/f/{a}-{b}', '/f/v{n}', '/f/{rest}', '/g/{a}..{b}z');
  const cases: readonly (readonly [string, string])[] = [
    ['/f/report.pdf', '/f/{name}.{ext} report pdf'],
    ['/f/a.b.c', '/f/{name}.{ext} a b.c'],
    ['/f/.pdf', 'two-readings'],
    ['/f/a.', 'two-readings'],
    ['/f/pdf', '/f/{rest} pdf'],
    ['/f/x-y', '/f/{a}-{b} x y'],
    ['/f/v1', '/f/v{n} 1'],
    ['/f/v', '/f/{rest} v'],
    ['/g/1..2z', '/g/{a}..{b}z 1 2'],
    ['/g/1...z', '/g/{a}..{b}z 1 .'],
    ['/g/..2z', 'no-such-path'],
    ['/g/1..z', 'no-such-path'],
  ];
  for (const [path, expected] of cases)
    assert.equal(shown(found.match('GET', path)), expected, path);
});

test('methods: only documented ones, and HEAD where GET is', () => {
  const found = open(
    describeApi({
      '/a': { get: answer, post: answer },
      '/a/{x}': { put: answer },
      '/a/b': { get: answer },
    }),
  );
  assert.deepEqual(found.match('DELETE', '/a'), {
    kind: 'method-not-allowed',
    allow: ['GET', 'HEAD', 'POST'],
  });
  assert.equal(shown(found.match('HEAD', '/a')), '/a');
  assert.deepEqual(found.match('HEAD', '/a/x'), { kind: 'method-not-allowed', allow: ['PUT'] });
  assert.equal(found.match('OPTIONS', '/a').kind, 'method-not-allowed');
  assert.equal(found.match('get', '/a').kind, 'method-not-allowed');
  // The path decides first, as OpenAPI has it.
  assert.deepEqual(found.match('PUT', '/a/b'), {
    kind: 'method-not-allowed',
    allow: ['GET', 'HEAD'],
  });
});

test('a described HEAD is its own operation', () => {
  const found = open(
    describeApi({ '/a': { get: answer, head: { ...answer, operationId: 'own' } } }),
  );
  const match = found.match('HEAD', '/a');
  assert.equal(match.kind === 'operation' && match.operation.compiled.id, 'own');
});

test('literals compare in canonical percent-encoding', () => {
  const found = api('/caf\u00e9/%7euser/a%2fb/x y/50%', '/a:b/c,d');
  assert.equal(found.match('GET', '/caf%C3%A9/~user/a%2Fb/x%20y/50%25').kind, 'operation');
  assert.equal(found.match('GET', '/a:b/c,d').kind, 'operation');
});

test('base paths of servers come before every path', () => {
  const servers = [
    { url: 'https://api.example/v{major}/', variables: { major: { default: '1' } } },
    { url: '/v2' },
    { url: 'https://other.example/v1' },
  ];
  const found = open(
    describeApi(
      {
        '/a': { get: { ...answer, operationId: 'a' } },
        '/b': {
          servers: [{ url: 'https://b.example' }],
          get: answer,
          put: { ...answer, servers: [{ url: 'up/' }] },
        },
      },
      { servers },
    ),
  );
  assert.deepEqual(
    found.operations.map(({ compiled }) => [compiled.id, compiled.path]),
    [
      ['a', '/v1/a'],
      ['a (GET /v2/a)', '/v2/a'],
      ['GET /b', '/b'],
      ['PUT /up/b', '/up/b'],
    ],
  );
  assert.equal(found.match('GET', '/v1/a').kind, 'operation');
  assert.equal(found.match('GET', '/a').kind, 'no-such-path');
});

test('no path throws, and values always refill the template', () => {
  const found = api('/a/{x}', '/a/{x}.{y}', '/{p}/b/{q}', '/{a}-{b}/c');
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^(\/[ab.-]{0,4}){1,4}$/), (noise, path) => {
      found.match('GET', noise);
      const match = found.match('GET', path);
      if (match.kind !== 'operation') return;
      const values = [...match.pathValues];
      assert.equal(
        match.operation.compiled.path.replace(/\{.\}/g, () => values.shift() as string),
        path,
      );
      assert.ok(match.pathValues.every((value) => value !== '' && !value.includes('/')));
    }),
  );
});
