import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { closestName } from './closest-name.ts';
import { readConfiguration } from './read-configuration.ts';

const good = { apis: [{ spec: './api.yaml', upstream: 'http://127.0.0.1:3000' }] };

test('the smallest configuration is an API and its service', () => {
  assert.equal(readConfiguration('poorter.yaml', stringify(good)).ok, true);
});

for (const [what, text, line, column, pattern] of [
  ['an unknown key', 'apis: []\nlimts: {}\n', 2, 1, /did you mean 'limits'/],
  [
    'a misspelt key inside a list',
    'apis:\n  - spec: a.yaml\n    upstrem: http://x\n',
    3,
    5,
    /did you mean 'upstream'/,
  ],
  ['a wrong value', `listen:\n  - address: 8080\n${stringify(good)}`, 2, 5, /listen\.0\.address/],
  ['a duplicate key', 'apis: []\napis: []\n', 2, 1, /unique/i],
  ['a tab', 'apis:\n\t- spec: a\n', 2, 1, /tab/i],
] as const) {
  test(`${what} is placed by line and column`, () => {
    const reading = readConfiguration('poorter.yaml', text);
    assert.equal(reading.ok, false);
    const found = (reading.ok ? [] : reading.diagnostics).find(({ message, suggestion }) =>
      pattern.test(`${message} ${suggestion ?? ''}`),
    );
    assert.ok(found, JSON.stringify(reading));
    assert.equal(found.line, line);
    assert.equal(found.column, column);
  });
}

test('no text makes the reader throw, and every refusal has a place', () => {
  const values = fc.oneof(fc.jsonValue(), fc.constant(good));
  const mutated = fc
    .tuple(values, fc.nat(), fc.string({ maxLength: 3 }))
    .map(([value, at, noise]) => {
      const text = stringify(value);
      const place = at % (text.length + 1);
      return text.slice(0, place) + noise + text.slice(place);
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), mutated), (text) => {
      const reading = readConfiguration('poorter.yaml', text);
      if (reading.ok) return;
      assert.ok(reading.diagnostics.length > 0);
      for (const { line, column } of reading.diagnostics) assert.ok(line >= 1 && column >= 1);
    }),
    { numRuns: 500 },
  );
});

test('aliases that multiply are refused, not expanded', () => {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0
      ? 'a0: &a0 [x, x, x, x, x, x, x, x]'
      : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(8)}]`,
  );
  assert.equal(readConfiguration('poorter.yaml', levels.join('\n')).ok, false);
});

test('a suggestion is a known name that is near, or none', () => {
  const known = ['listen', 'limits', 'records'];
  assert.equal(closestName('limit', known), 'limits');
  assert.equal(closestName('lisetn', known), 'listen');
  assert.equal(closestName('zzz', known), null);
  fc.assert(
    fc.property(fc.string(), (name) => {
      const suggestion = closestName(name, known);
      assert.ok(suggestion === null || known.includes(suggestion));
    }),
  );
});
