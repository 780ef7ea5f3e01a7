import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiSnapshot } from '@poorter/engine';
import { asWritten, compileApi } from '@poorter/openapi';
import { checkOverlaps } from './check-overlaps.ts';

/** By path: the methods of an API, and hosts where it has them. */
type Side = { readonly hosts?: readonly string[]; readonly [path: string]: unknown };

const ANSWERS = { responses: { 200: { description: 'ok' } } };

function api(name: string, { hosts = [], ...paths }: Side): ApiSnapshot {
  const described = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      String(methods)
        .split(' ')
        .map((method) => [method, ANSWERS]),
    ),
  ]);
  const description = {
    ...{ openapi: '3.1.0', info: { title: 'T', version: '1' }, security: [] },
    paths: Object.fromEntries(described),
  };
  const result = compileApi(
    { uri: `file:///${name}.json`, text: JSON.stringify(description) },
    {
      read: () => {
        throw new Error('no other file');
      },
      readExtension: asWritten,
      strictProperties: false,
    },
  );
  assert.ok(result.ok, JSON.stringify(result));
  return { name, hosts, compiled: result.api } as unknown as ApiSnapshot;
}

function hidden(...sides: readonly Side[]): string[] {
  const names = ['a', 'b', 'c', 'd'];
  return checkOverlaps(sides.map((side, index) => api(names[index] as string, side))).map(
    ({ code, severity, file, message, suggestion }) => {
      assert.deepEqual([code, severity], ['ambiguous-operations', 'error']);
      assert.match(file, /^file:/);
      return `${message}: ${suggestion}`;
    },
  );
}

test('no protected operation stands unreachable behind the wider path of an API that is listed first', () => {
  const open = { '/items/{id}': 'get' };
  const closed = { '/items/special': 'get' };
  assert.deepEqual(hidden(open, closed), [
    "GET /items/special is more concrete than GET /items/{id} of the API 'a', which is listed first and answers its calls: list the API 'b' before 'a', or give the APIs different hosts, or different server paths",
  ]);
  assert.deepEqual(hidden(closed, open), []);
  const later: Side[] = [
    { '/items/%40me': 'get' },
    { '/items/s{x}': 'get' },
    { '/items/{a}.json': 'get' },
    { '/items/{a}-{b}': 'get' },
    { '/{a}/special': 'post', '/items/special': 'get' },
  ];
  for (const side of later) {
    assert.equal(hidden(open, side).length, 1, JSON.stringify(side));
    assert.deepEqual(hidden(side, open), [], JSON.stringify(side));
  }
  // Only in part, and where one is wider at the first segment that differs.
  assert.equal(hidden({ '/{a}/special': 'get' }, { '/items/{id}': 'get' }).length, 1);
  assert.equal(hidden({ '/{a}/special': 'get' }, { '/items/special': 'get' }).length, 1);
  assert.deepEqual(hidden({ '/items/{id}': 'get' }, { '/{a}/special': 'get' }), []);
  assert.equal(hidden({ '/{a}/x/{c}': 'get' }, { '/b/{b}/y': 'get', '/b/{b}/z': 'get' }).length, 2);
  assert.equal(hidden({ '/f/{n}.{e}': 'get' }, { '/f/{n}.pdf': 'get' }).length, 1);
  assert.equal(hidden({ '/f/{n}': 'get' }, { '/f/{n}': 'get' }).length, 1);
  // The next but one, and not what lies apart.
  assert.equal(hidden(open, { '/x': 'get' }, closed).length, 1);
  assert.deepEqual(
    hidden(open, { '/items': 'get', '/items/a/b': 'get', '/other/{id}': 'get' }),
    [],
  );
  assert.deepEqual(hidden({ '/f/{n}.xml': 'get' }, { '/f/{n}.pdf': 'get' }), []);
});

test('only APIs that meet at a host are compared, and only what answers the method', () => {
  const open = { '/items/{id}': 'get' };
  const closed = { '/items/special': 'get' };
  const at = (host: string, side: Side) => ({ ...side, hosts: [host] });
  assert.deepEqual(hidden(at('a.example', open), at('b.example', closed)), []);
  assert.equal(hidden(at('a.example', open), at('a.example', closed)).length, 1);
  assert.equal(hidden(open, at('a.example', closed)).length, 1);
  assert.equal(hidden(at('a.example', open), closed).length, 1);
  assert.deepEqual(hidden({ '/items/{id}': 'post' }, closed), []);
  // GET answers HEAD where that is not described.
  assert.equal(hidden(open, { '/items/special': 'head' }).length, 1);
  assert.equal(hidden({ '/items/{id}': 'head' }, closed).length, 1);
  assert.equal(hidden({ '/items/{id}': 'get head' }, closed).length, 1);
});

test('an API that has the path without the method leaves the call to the next one', () => {
  const closed = { '/items/special': 'get' };
  assert.deepEqual(hidden({ '/items/{id}': 'get', '/items/special': 'post' }, closed), []);
  assert.deepEqual(hidden({ '/items/{id}': 'get', '/items/{a}cial': 'post' }, closed), []);
  assert.equal(hidden({ '/items/{id}': 'get', '/items/{a}x': 'post' }, closed).length, 1);
  assert.equal(hidden({ '/items/{id}': 'get', '/{a}/special': 'post' }, closed).length, 1);
  // HEAD is left with GET, but for one that is described.
  assert.equal(
    hidden({ '/items/{id}': 'get', '/items/special': 'head' }, closed).length,
    1,
    'HEAD /items/special is answered by the first',
  );
  // What the first API answers by a path that fixes as much is its own.
  const wide = { '/{x}/special': 'get', '/items/{id}': 'get' };
  assert.equal(hidden(wide, { '/items/s{b}': 'get' }).length, 1);
});

test('where each API hides something of the other, another order is not advised', () => {
  const one = { '/items/{id}': 'get', '/users/me': 'get' };
  const other = { '/items/special': 'get', '/users/{id}': 'get' };
  const [told] = hidden(one, other);
  assert.match(told ?? '', /: give the APIs different hosts, or different server paths$/);
});

test('ten thousand operations are compared by their branches, and what is too much is refused', () => {
  const many = (count: number, path: (index: number) => string): Side =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [path(index), 'get']));
  const literals = api(
    'literals',
    many(5_000, (index) => `/items/l${index}/{b}`),
  );
  const templates = api(
    'templates',
    many(5_000, (index) => `/items/{a}/x${index}`),
  );
  const before = process.threadCpuUsage();
  assert.deepEqual(checkOverlaps([literals, templates]), []);
  assert.equal(checkOverlaps([templates, literals]).length, 5_000);
  const parts = (mark: string) => many(3_000, (index) => `/{a}/${mark}${index}{b}/${mark}`);
  const wide = api(
    'wide',
    many(3_000, (index) => `/{a}/{b}${index}x/y`),
  );
  const behind = api('behind', { '/p/q': 'get', ...parts('z') });
  const [end, ...others] = checkOverlaps([wide, behind]);
  assert.match(end?.message ?? '', /too many paths in common to tell which of them answers$/);
  assert.deepEqual(others, []);
  // A fifth of it where the machine is idle; pairs would take minutes.
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system < 3_000_000, `${user + system} µs`);
});
