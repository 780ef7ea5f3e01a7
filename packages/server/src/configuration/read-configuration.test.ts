import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { closestName } from './closest-name.ts';
import { loadConfiguration } from './load-configuration.ts';
import { inOptions } from './option-names.ts';
import { readConfiguration } from './read-configuration.ts';
import type { RefusedConfiguration } from './refused-configuration.ts';

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

test('a value that has no accepted form is told every form that is accepted', () => {
  const faults: [object, RegExp[]][] = [
    [{ counters: 'foo' }, [/'memory'/, /valkey:\/\//, /rediss:\/\//, /env:/, /file:/, /mapping/]],
    [{ counters: 5 }, [/'memory'/, /valkey:\/\//, /mapping with url/]],
    [{ counters: { url: 'foo' } }, [/^counters\.url: /, /valkeys:\/\//, /env:NAME/]],
    [{ limits: { failures: 'never' } }, [/'off'/, /mapping with failures/]],
    [{ limits: { failures: { failures: 0 } } }, [/^limits\.failures\.failures: /]],
    [{ limits: { default: 'foo' } }, [/neither a mapping/, /a list/]],
    [
      { limits: { default: { requests: 1, per: 'day', by: 'foo' } } },
      [/"client"/, /"operation"/, /or a list/],
    ],
    [{ trust: { issuers: [{ issuer: 'a', audience: 5 }] } }, [/a text/, /a list of texts/]],
    [{ apis: [{ ...good.apis[0], upstream: 5 }] }, [/http or https URL/, /mapping with targets/]],
    [{ apis: [{ ...good.apis[0], upstream: { targets: ['x'] } }] }, [/upstream\.targets\.0: /]],
    [{ apis: [{ ...good.apis[0], cors: 'on' }] }, [/'off'/, /a mapping with 'origins'/]],
    [{ apis: [{ ...good.apis[0], cors: ['https://a.example'] }] }, [/'off'/, /a mapping/]],
    [{ apis: [{ ...good.apis[0], cors: { origins: 'foo' } }] }, [/'\*'/, /a list of origins/]],
    [{ apis: [{ ...good.apis[0], mode: 'foo' }] }, [/"enforce"/, /"observe"/]],
    [{ listen: '127.0.0.1:8080' }, [/^listen: takes a list, with '- ' before each of its items$/m]],
    [{ listen: ['127.0.0.1:8080'] }, [/^listen\.0: takes keys, each with its value$/m]],
    [
      { apis: Array.from({ length: 101 }, () => ({ ...good.apis[0] })) },
      [/^apis: takes at most 100 items$/m],
    ],
    [{ storage: 'valkey://x' }, [/directory/, /postgres:\/\//, /env:NAME/, /file:PATH/]],
    [{ masterKey: 'foo' }, [/file:PATH/, /env:NAME/, /vault:https/]],
  ];
  for (const [more, patterns] of faults) {
    const reading = readConfiguration('poorter.yaml', stringify({ ...good, ...more }));
    const said = reading.ok ? '' : reading.diagnostics.map(({ message }) => message).join('\n');
    for (const pattern of patterns) assert.match(said, pattern, JSON.stringify(more));
  }
});

test('whoever typed an option reads of that option, and of keys where a file has them', () => {
  const api = { spec: 'a.yaml', upstream: 'http://x', mode: 'foo', response: 'bar' };
  const values = {
    listen: [{ address: 'x' }],
    control: { address: 'y' },
    apis: [api],
    trust: { issuers: [{ issuer: '', audience: '', jwks: 5 }] },
    keys: '',
    dataDirectory: '',
  };
  const said = (source: Parameters<typeof loadConfiguration>[0]) => {
    try {
      loadConfiguration(source);
      return [];
    } catch (error) {
      return (error as RefusedConfiguration).diagnostics.map(({ file, message }) => [
        file,
        message.split(':')[0],
      ]);
    }
  };
  const options = ['--listen', '--control', '--mode', '--response', '--issuer', '--audience'];
  const expected = [...options, '--jwks', '--keys', '--data'].map((one) => ['arguments', one]);
  assert.deepEqual(said({ file: null, values }).toSorted(), expected.toSorted());
  const [bad] = said({ file: null, values: { apis: [{ ...api, upstream: 'ftp://x' }] } });
  assert.deepEqual(bad, ['arguments', '--upstream']);
  const source = { file: null, values: {} };
  const ofFile = { file: 'poorter.yaml', values: { listen: [] } };
  const taken = 'listening on 127.0.0.1:1: EADDRINUSE (listen.0.address)';
  assert.equal(inOptions(taken, source), taken.replace('listen.0.address', '--listen'));
  assert.equal(inOptions(taken, ofFile), taken.replace('listen.0.address', '--listen'));
  for (const kept of ['control.address', 'xlisten.0.address', 'listen.0.addresses', 'keys: x']) {
    assert.equal(inOptions(kept, ofFile), kept);
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
