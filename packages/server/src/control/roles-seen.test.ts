import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RolesSeen } from './roles-seen.ts';

const trust = (issuer: string, rolesClaim?: string) =>
  ({ issuers: [{ issuer, ...(rolesClaim !== undefined && { rolesClaim }) }] }) as never;

test('status names a rolesClaim that finds nothing, until a token has it or the configuration another one', () => {
  const seen = new RolesSeen();
  const hear = (claim: string, isFound: boolean) =>
    seen.hear({ type: 'roles-read', issuer: 'https://a.example', claim, isFound });
  assert.deepEqual(seen.attention(trust('https://a.example', 'realm.rolez')), []);
  hear('realm.rolez', false);
  const [told, ...more] = seen.attention(trust('https://a.example', 'realm.rolez'));
  assert.match(told?.message ?? '', /https:\/\/a\.example .*rolesClaim 'realm\.rolez'/);
  assert.deepEqual(more, []);
  assert.deepEqual(seen.attention(trust('https://a.example', 'realm.roles')), []);
  assert.deepEqual(seen.attention(trust('https://b.example', 'realm.rolez')), []);
  assert.deepEqual(seen.attention(trust('https://a.example')), []);
  assert.deepEqual(seen.attention(undefined), []);
  hear('realm.rolez', true);
  hear('realm.rolez', false);
  assert.deepEqual(seen.attention(trust('https://a.example', 'realm.rolez')), []);
});

test('however many issuers and claims come, what is remembered stays bounded', () => {
  const seen = new RolesSeen();
  const hear = (index: number) =>
    seen.hear({ type: 'roles-read', issuer: `https://${index}`, claim: 'r', isFound: false });
  for (let index = 0; index < 1_001; index++) hear(index);
  assert.equal(seen.attention(trust('https://999', 'r')).length, 1);
  assert.deepEqual(seen.attention(trust('https://1000', 'r')), []);
});
