import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RolesReport, RolesWarning } from './roles-report.ts';

test('a rolesClaim that finds nothing is told once for an issuer, over all threads and calls', () => {
  const warned: string[] = [];
  const warning = new RolesWarning(({ message }) => warned.push(message));
  const passed: string[] = [];
  const threads = Array.from(
    { length: 3 },
    () =>
      new RolesReport((issuer, claim, isFound) => {
        passed.push(issuer);
        warning.hear(issuer, claim, isFound);
      }),
  );
  for (let call = 0; call < 5_000; call++) {
    for (const thread of threads) thread.hear('https://a.example', 'realm.rolez', false);
  }
  assert.equal(passed.length, 3);
  assert.equal(warned.length, 1);
  assert.match(warned[0] ?? '', /https:\/\/a\.example .*rolesClaim 'realm\.rolez'/);
  threads[0]?.hear('https://b.example', 'realm.rolez', false);
  assert.equal(warned.length, 2);
});

test('an issuer whose tokens had the claim once is not told of when one has none', () => {
  const warned: string[] = [];
  const warning = new RolesWarning(({ message }) => warned.push(message));
  warning.hear('https://a.example', 'roles', true);
  warning.hear('https://a.example', 'roles', false);
  assert.deepEqual(warned, []);
});

test('however many issuers and claims reloads bring, what is remembered and said stays bounded', () => {
  const warned: string[] = [];
  const warning = new RolesWarning(({ message }) => warned.push(message));
  const report = new RolesReport(warning.hear);
  for (let index = 0; index < 5_000; index++)
    report.hear(`https://${index}.example`, 'roles', false);
  assert.equal(warned.length, 1_000);
});
