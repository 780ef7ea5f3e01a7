import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeClient } from './client-profiles.ts';
import type { ClientTerms } from './client-terms.ts';
import { browser, fapi2, jwks, machine, native } from './clients.fixture.ts';

const GOOD = { faults: [], unaccepted: [] };

test('a client that is as strong as its profile is one of it', () => {
  for (const terms of [machine, browser, native, fapi2]) {
    assert.deepEqual(judgeClient(terms), GOOD, terms.profile);
  }
});

test('a machine and pages with a server may exchange tokens', () => {
  assert.deepEqual(judgeClient({ ...machine, flows: ['exchange'] }), GOOD);
  assert.deepEqual(judgeClient({ ...browser, flows: ['redirect', 'exchange'] }), GOOD);
});

test('a client that is weaker than its profile is one of it when that is said by name', () => {
  for (const [terms, weakness] of [
    [{ ...machine, authentication: { method: 'secret' } }, 'shared-secret'],
    [{ ...machine, binding: 'none' }, 'unbound-tokens'],
    [{ ...native, redirectUris: ['com.example.budget:/callback'] }, 'custom-scheme'],
  ] as const satisfies [ClientTerms, string][]) {
    assert.deepEqual(judgeClient(terms), { faults: [], unaccepted: [weakness] });
    assert.deepEqual(judgeClient({ ...terms, accepts: [weakness] }), GOOD);
  }
});

test('nothing that is accepted makes a FAPI 2.0 client weaker', () => {
  const accepts = ['shared-secret', 'unbound-tokens', 'custom-scheme'] as const;
  for (const weaker of [
    { authentication: { method: 'secret' } },
    { authentication: { method: 'none' } },
    { binding: 'none' },
    { redirectUris: ['com.example.tpp:/callback'] },
    { redirectUris: ['http://127.0.0.1/callback'] },
  ] as const satisfies Partial<ClientTerms>[]) {
    const { faults } = judgeClient({ ...fapi2, ...weaker, accepts });
    assert.ok(faults.length > 0, JSON.stringify(weaker));
  }
});

test('what is accepted must be so: it is no list of excuses', () => {
  const { faults } = judgeClient({ ...machine, accepts: ['shared-secret'] });
  assert.deepEqual(faults, ['accepts: nothing about it is shared-secret']);
});

test('a site that cannot do PKCE is one of its profile when that is said, and no other client is', () => {
  assert.deepEqual(judgeClient({ ...browser, accepts: ['no-pkce'] }), GOOD);
  for (const terms of [machine, native, fapi2]) {
    assert.equal(judgeClient({ ...terms, accepts: ['no-pkce'] }).faults.length, 1, terms.profile);
  }
});

const REFUSED: readonly (readonly [string, ClientTerms, RegExp])[] = [
  [
    'a machine with a redirect',
    { ...machine, redirectUris: ['https://a.test/'] },
    /nobody is sent/,
  ],
  ['a machine with a flow', { ...machine, flows: ['redirect'] }, /acts for itself/],
  ['a phone that exchanges', { ...native, flows: ['redirect', 'exchange'] }, /for machine and br/],
  ['a FAPI 2.0 client that exchanges', { ...fapi2, flows: ['redirect', 'exchange'] }, /not for f/],
  [
    'a browser that only exchanges',
    { ...browser, flows: ['exchange'] },
    /at least one of redirect/,
  ],
  ['a browser without a flow', { ...browser, flows: [] }, /at least one of redirect/],
  ['a browser without a redirect', { ...browser, redirectUris: [] }, /at least one, where/],
  [
    'a browser that shows nothing',
    { ...browser, authentication: { method: 'none' } },
    /none is not/,
  ],
  ['a phone with a secret', { ...native, authentication: { method: 'secret' } }, /secret is not/],
  ['embedded without a binding', { ...browser, flows: ['embedded'] }, /embedded needs/],
  ['a phone that embeds unbound', { ...native, flows: ['embedded'] }, /bound to a key or a cert/],
  [
    'embedded without PKCE',
    { ...browser, binding: 'dpop', flows: ['embedded'], accepts: ['no-pkce'] },
    /embedded needs PKCE/,
  ],
  [
    'embedded with signed requests',
    { ...fapi2, flows: ['embedded'], messageSigning: true },
    /embedded takes no signed/,
  ],
  ['a phone that polls', { ...native, flows: ['decoupled'] }, /CIBA/],
  ['a FAPI 2.0 client by codes', { ...fapi2, flows: ['device'] }, /device is not for fapi2/],
  [
    'a notice of decisions that nobody makes elsewhere',
    { ...browser, decisionNoticeUri: 'https://budget.example/decided' },
    /is for the flow decoupled/,
  ],
  [
    'a machine that is told of people',
    { ...machine, logoutNoticeUri: 'https://budget.example/out' },
    /nobody signs in/,
  ],
  ['a FAPI 2.0 client told by RS256', { ...fapi2, idTokenAlgorithm: 'RS256' }, /FAPI 2\.0 §5\.4/],
  ['a machine with ID tokens', { ...machine, idTokenAlgorithm: 'RS256' }, /nobody signs in/],
  ['signed messages elsewhere', { ...browser, messageSigning: true }, /is for fapi2/],
  [
    'a phone with a certificate',
    { ...native, authentication: { method: 'self_signed_certificate', keys: { jwks } } },
    /is not for native/,
  ],
];
for (const [what, terms, why] of REFUSED) {
  test(`${what} is refused`, () => {
    assert.match(judgeClient(terms).faults.join('\n'), why);
  });
}

test('an address at which a client is told of things is https, whole, without fragment', () => {
  for (const [uri, why] of [
    ['http://budget.example/told', /is not https/],
    ['https://a:b@budget.example/told', /has credentials/],
    ['https://budget.example/told#x', /has a fragment/],
    ['com.example.budget:/told', /is not https/],
  ] as const) {
    for (const member of ['logoutNoticeUri', 'decisionNoticeUri'] as const) {
      const flows = ['redirect', 'decoupled'] as const;
      const { faults } = judgeClient({ ...browser, flows, [member]: uri });
      assert.equal(faults.length, 1, uri);
      assert.match(faults[0] ?? '', new RegExp(`^${member}: `));
      assert.match(faults[0] ?? '', why);
    }
  }
});

test('one client is of one host: a person would have one name at several', () => {
  const redirectUris = ['https://a.test/x', 'https://b.test/x'];
  assert.match(judgeClient({ ...browser, redirectUris }).faults.join(), /are of 2 hosts/);
  const ports = ['https://a.test/x', 'https://a.test:8443/x'];
  assert.match(judgeClient({ ...browser, redirectUris: ports }).faults.join(), /are of 2 hosts/);
});

test('a program that shows nothing has no tokens that are bound to a certificate', () => {
  assert.match(
    judgeClient({ ...native, binding: 'certificate' }).faults.join(),
    /is not for native/,
  );
});

test('a redirect that could send people elsewhere is refused', () => {
  for (const uri of [
    'http://budget.example/callback',
    'https://budget.example/callback#x',
    'https://budget.example/*',
    'https://*.budget.example/callback',
    'https://user@budget.example/callback',
    'https://budget.example/a/../callback',
    'HTTPS://budget.example/callback',
    'https://budget.example:443/callback',
    'https:budget.example/callback',
    '//budget.example/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    'budget:/callback',
    'com.example.budget:/callback',
    `https://budget.example/${'x'.repeat(2_000)}`,
    '',
  ]) {
    const { faults } = judgeClient({ ...browser, redirectUris: [uri] });
    assert.equal(faults.length, 1, uri);
    assert.match(faults[0] ?? '', /^redirectUris: /);
  }
  for (const uri of ['http://localhost/callback', 'http://192.0.2.1/callback', 'budget:/x']) {
    assert.equal(judgeClient({ ...native, redirectUris: [uri] }).faults.length, 1, uri);
  }
  for (const uri of ['http://127.0.0.1/callback', 'http://[::1]:8080/callback']) {
    assert.deepEqual(judgeClient({ ...native, redirectUris: [uri] }), GOOD, uri);
  }
});

const kept: ClientTerms = {
  ...browser,
  ...{ authentication: { method: 'none' }, flows: ['session'], redirectUris: [] },
};

test('a page that the gate keeps everything for shows nothing, is sent back nowhere else, and does nothing besides', () => {
  assert.deepEqual(judgeClient(kept), GOOD);
  for (const page of [
    'https://app.bank.example',
    'https://app.bank.example:8443',
    'http://localhost:8080',
  ]) {
    assert.deepEqual(judgeClient({ ...kept, page }), GOOD, page);
  }
  const wrong: [Partial<ClientTerms>, RegExp][] = [
    [{ profile: 'native' }, /session is for browser/],
    [{ flows: ['session', 'redirect'] }, /session stands alone/],
    [{ authentication: { method: 'secret' } }, /authentication: none/],
    [{ binding: 'dpop' }, /binding: none/],
    [
      { redirectUris: ['https://app.bank.example/back'] },
      /redirectUris: people are sent back to the gate/,
    ],
    [{ accepts: ['no-pkce'] }, /no-pkce is not for session/],
    [{ page: 'http://app.bank.example' }, /is not https/],
    ...[
      'https://app.bank.example/',
      'https://APP.bank.example',
      'app.bank.example',
      '*',
      'null',
      '',
    ].map((page): [Partial<ClientTerms>, RegExp] => [{ page }, /is no origin/]),
  ];
  for (const [terms, why] of wrong) {
    assert.match(judgeClient({ ...kept, ...terms }).faults.join(), why, JSON.stringify(terms));
  }
  assert.match(
    judgeClient({ ...browser, page: 'https://a.test' }).faults.join(),
    /for the flow session/,
  );
});
