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

test('what no call could reach or carry is refused, with what was expected', () => {
  const at = (key: string, value: unknown) => {
    const [api] = good.apis;
    const upstream = (more: object) => ({ apis: [{ ...api, upstream: more }] });
    switch (key) {
      case 'upstream':
        return { apis: [{ ...api, upstream: value }] };
      case 'targets':
        return upstream({ targets: [value] });
      case 'serverName':
        return upstream({ targets: ['https://h'], tls: { serverName: value } });
      case 'hosts':
        return { apis: [{ ...api, hosts: [value] }] };
      default:
        return { ...good, [key]: value };
    }
  };
  for (const [key, value, expected] of [
    ...['upstream', 'targets'].flatMap((where) => [
      [where, 'http://h/?a=b', /has a query, .*expected was an address such as/] as const,
      [where, 'http://h/?', /has a query/] as const,
      [where, 'http://h/#c', /has a fragment/] as const,
      [where, 'http://h/?a=b#c', /has a query/] as const,
      [where, 'http://h:0', /has the port 0/] as const,
      [where, 'http://user:pass@h', /has credentials, which are not used/] as const,
      [where, 'ftp://h', /is not an http or https URL/] as const,
      [where, 'h', /is not an http or https URL/] as const,
    ]),
    ...['a b', 'a b\n', '', 'a/b', '*.example', '-a'].map(
      (name) => ['serverName', name, /is not a host name, such as api\.example/] as const,
    ),
    ...['a b', '*.x', 'x:80', '', 'http://x', 'x/y', '.x', 'x..y', '[::1]:80', '::1', 'é.x'].map(
      (name) => ['hosts', name, /is not a host name without port, such as api\.example/] as const,
    ),
    ['publicOrigin', 'https://h/path', /has a path \(\/path\), and an origin was expected/],
    ['publicOrigin', 'https://h?a', /has a query/],
    ['publicOrigin', 'https://u@h', /has credentials/],
  ] as const) {
    const reading = readConfiguration('poorter.yaml', stringify(at(key, value)));
    assert.equal(reading.ok, false, `${key} ${value}`);
    const found = reading.ok ? '' : reading.diagnostics.map(({ message }) => message).join('\n');
    assert.match(found, expected, `${key} ${value}`);
    assert.ok(!found.includes('pass@'));
  }
  for (const [key, value] of [
    ['upstream', 'http://h:8080/base/'],
    ['upstream', 'https://[::1]'],
    ['serverName', 'inner_1.a-b.example'],
    ...['A.example', 'a.example.', '127.0.0.1', '[::1]', 'xn--e1afmkfd.example', 'a_b', 'api'].map(
      (name) => ['hosts', name] as const,
    ),
    ['publicOrigin', 'https://h:8443'],
    ['publicOrigin', 'https://h/'],
  ] as const) {
    const reading = readConfiguration('poorter.yaml', stringify(at(key, value)));
    assert.ok(reading.ok, `${key} ${value} ${JSON.stringify(reading)}`);
  }
});

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
