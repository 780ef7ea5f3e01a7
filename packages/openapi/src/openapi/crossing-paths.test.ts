import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApi } from './open-api.ts';
import { compile, describeApi } from './testing.fixture.ts';

const ANSWERS = { responses: { 200: { description: '' } } };
const KEY = { security: [{ key: [] }] };
const OPEN = { security: [] };

/** By path: what its GET asks of callers. */
function opened(paths: Readonly<Record<string, object>>, method = 'get') {
  const described = Object.entries(paths).map(([path, asked]) => [
    path,
    { [method]: { ...ANSWERS, ...asked } },
  ]);
  const found = compile(
    describeApi(Object.fromEntries(described), {
      components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
      security: [],
    }),
  );
  assert.ok(found.ok, JSON.stringify(found));
  const api = openApi(found.api);
  const warnings = found.warnings.filter(({ code }) => code === 'overlapping-paths');
  return {
    told: warnings.map(({ message, suggestion }) => `${message}: ${suggestion}`),
    at: (path: string, by = method.toUpperCase()) => {
      const match = api.match(by, path);
      if (match.kind === 'operation') return match.operation.compiled.path;
      return match.kind === 'two-readings' ? match.reason : match.kind;
    },
  };
}

test('a call that fits an open path and a protected one, neither more concrete, is not decided by the order of the gate', () => {
  const pairs = [
    ['/users/me/{part}', '/users/{id}/mail', '/users/me/mail'],
    ['/f/a{x}', '/f/{y}b', '/f/axb'],
    ['/f/ab{x}', '/f/{y}b', '/f/abxb'],
    ['/{a}/x', '/y/{b}', '/y/x'],
    ['/r/{a}-{b}', '/r/{a}.{b}', '/r/1-2.3'],
    ['/{a}/x/', '/y/{b}', '/y/x'],
  ] as const;
  for (const [one, other, path] of pairs) {
    for (const [first, second] of [
      [OPEN, KEY],
      [KEY, OPEN],
    ] as const) {
      const { at, told } = opened({ [one]: first, [other]: second });
      assert.equal(at(path), 'overlap', `${one} ${other}`);
      assert.equal(at(path, 'HEAD'), 'overlap');
      // What differs in a slash at the end is refused without being told.
      assert.equal(told.length, one.endsWith('/') ? 0 : 1, JSON.stringify(told));
      for (const remark of told) assert.match(remark, /are refused/);
      // In other spellings too, as services take one for the other.
      for (const alike of [path.toUpperCase(), path.replace('x', '%78')]) {
        const answer = at(alike);
        assert.ok(['overlap', 'encoding', 'no-such-path'].includes(answer), `${alike}: ${answer}`);
      }
    }
  }
});

test('where both ask the same of their callers, the path that is concrete further left answers', () => {
  const { at, told } = opened({ '/users/me/{part}': KEY, '/users/{id}/mail': KEY });
  assert.equal(at('/users/me/mail'), '/users/me/{part}');
  assert.match(told[0] ?? '', /is preferred for them/);
  const scoped = opened({
    '/users/me/{part}': KEY,
    '/users/{id}/mail': { ...KEY, 'x-poorter': { audit: 'durable' } },
  });
  assert.equal(scoped.at('/users/me/mail'), 'overlap');
});

test('a path that is more concrete throughout is told apart from the wider one, whatever they ask', () => {
  const { at, told } = opened({
    ...{ '/users/me': KEY, '/users/{id}': OPEN, '/f/{n}.pdf': KEY, '/f/{n}': OPEN },
    ...{ '/f/{n}.xml': OPEN, '/f/x{n}.pdf': OPEN, '/{a}/{b}/c': OPEN, '/{a}/b/{c}/d': KEY },
  });
  assert.deepEqual(told, []);
  assert.equal(at('/users/me'), '/users/me');
  assert.equal(at('/users/5'), '/users/{id}');
  assert.equal(at('/f/a.pdf'), '/f/{n}.pdf');
  assert.equal(at('/f/xa.pdf'), '/f/x{n}.pdf');
  assert.equal(at('/f/a.xml'), '/f/{n}.xml');
  assert.equal(at('/f/a'), '/f/{n}');
  // Another method is another operation.
  const { at: read } = opened({ '/users/me/{part}': KEY });
  assert.equal(read('/users/me/mail'), '/users/me/{part}');
});
