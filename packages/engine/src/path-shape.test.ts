import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathShape, wordsOf } from './path-shape.ts';

const documented = wordsOf(['/users/{id}', '/users/{id}/orders', '/shop/{name}.json']);

test('whoever looks for undocumented paths can be studied, without a value of theirs being kept', () => {
  const cases = {
    '/users/4711/x': '/users/{number}/x',
    '/users/4711/orders/99': '/users/{number}/orders/{number}',
    '/users/alice': '/users/{word}',
    '/users/alice.liddell-1': '/users/{name}',
    '/users/alice%40example.com/orders': '/users/{email}/orders',
    '/users/0190a5f2-7c1b-7def-8a3b-5c1f2e3d4c5b': '/users/{uuid}',
    '/users/2026-01-31': '/users/{date}',
    '/users/deadbeef01': '/users/{hex}',
    '/users/M%C3%BCller': '/users/{word}',
    '/users/a%20b': '/users/{other}',
    '/.env': '/.env',
    '/api/v1/admin': '/api/v1/admin',
    '/': '/',
    '/users/': '/users/',
    [`/${'a/'.repeat(40)}secret`]: `/${'a/'.repeat(16)}…`,
    [`/${'secret'.repeat(300)}`]: '/{word}',
    '/users/%ff': '/users/{other}',
  };
  for (const [path, shape] of Object.entries(cases))
    assert.equal(pathShape(path, documented), shape);
});
