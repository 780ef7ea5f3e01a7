import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownGrants } from './unknown-grants.ts';

const operations = [
  { scopes: new Set(['orders:read', 'partner']), roles: new Set(['teller']) },
  { scopes: new Set(['orders:write']), roles: new Set<string>() },
];

test('a mistyped scope of a key is told, with the one that was meant', () => {
  const grants = { scopes: ['orders:raed', 'orders:write', 'stock'], roles: [] };
  assert.deepEqual(unknownGrants(grants, operations), [
    "no loaded description asks for the scope 'orders:raed'; did you mean 'orders:read'?",
    "no loaded description asks for the scope 'stock'",
  ]);
  assert.equal(unknownGrants({ scopes: ['Orders:read'], roles: [] }, operations).length, 1);
});

test('a role that only the service knows is no mistake; one that looks like another is told', () => {
  const grants = { scopes: [], roles: ['warehouse', 'teler', 'partner', 'teller'] };
  assert.deepEqual(unknownGrants(grants, operations), [
    "no loaded description asks for the role 'teler'; did you mean 'teller'?",
  ]);
});
