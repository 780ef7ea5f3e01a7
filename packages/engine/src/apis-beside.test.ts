import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { BOUNDS, compile, describeApi } from '../../openapi/src/openapi/testing.fixture.ts';
import { Gate } from './gate.ts';
import type { ApiSnapshot } from './gate-snapshot.ts';
import { VerifiedTokens } from './policies/identify/index.ts';
import { PlainCounters } from './policies/limit/plain-counters.fixture.ts';

const ANSWERS = { responses: { 200: { description: '' } } };

function api(name: string, paths: object, more: Partial<ApiSnapshot> = {}): ApiSnapshot {
  const described = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      String(methods)
        .split(' ')
        .map((method) => [method, ANSWERS]),
    ),
  ]);
  const found = compile(describeApi(Object.fromEntries(described), { security: [] }));
  assert.ok(found.ok);
  return {
    ...{ name, compiled: found.api, hosts: [], targets: ['service:80'], mode: 'enforce' },
    ...{ response: 'report', limits: {}, bodyBytesMax: 1_000, jsonBounds: BOUNDS },
    ...{ identityAudience: 'http://service', resourceMetadataUrl: null, ...more },
  };
}

/** Which API answers, or what is wrong. */
function answering(apis: readonly ApiSnapshot[], method = 'GET', host = 'x.example') {
  const gate = new Gate(
    {
      ...{ version: 1, apis, network: { allow: [], deny: [] }, keys: [], issuers: [] },
      ...{ issuerKeys: {}, revoked: [], failureBudget: null, staleAfterMs: 60_000, capacity: 100 },
    },
    {
      ...{ counters: new PlainCounters(), identitySigner: null, unknownKeyId: () => undefined },
      ...{ verifiedTokens: new VerifiedTokens(), controlSilentMs: () => 0, inFlight: () => 1 },
    },
  );
  return (path: string): string => {
    const match = gate.match({
      ...{ id: 'call-1', nowMs: 0, clientAddress: '192.0.2.1', method, path, query: '' },
      ...{ headers: new HeaderFields(['host', host]), clientCertificate: null, isTls: false },
      ...{ hasBody: false, isUpgrade: false },
    });
    return match.kind === 'operation' ? match.operation.api.name : match.denial.code;
  };
}

const PLAIN = ['/items/5', '/items/specials', '/items/spec', '/items/a%20b'];
const ALIKE = [
  ...['/items/Special', '/items/special.', '/items/%2573pecial', '/items/special%20'],
  ...['/items/special.json', '/items/special%3Fx', '/items/%EF%BD%93pecial'],
];

test('what the service of two APIs takes for an operation of one is not answered by a parameter of the other', () => {
  const closed = { '/items/special': 'get' };
  const open = { '/items/{id}': 'get post' };
  const at = answering([api('closed', closed), api('open', open)]);
  assert.equal(at('/items/special'), 'closed');
  for (const path of PLAIN) assert.equal(at(path), 'open', path);
  for (const path of ALIKE) assert.equal(at(path), 'target_not_acceptable', path);
  // A path with another method is left to the next API, and so are its look-alikes.
  const post = answering([api('closed', closed), api('open', open)], 'POST');
  assert.equal(post('/items/special'), 'open');
  assert.equal(post('/items/Special'), 'open');
  // Nor with a slash at the end, which many services take for none.
  const slashed = answering([api('closed', closed), api('open', { '/items/{id}/': 'get' })]);
  assert.equal(slashed('/items/special/'), 'target_not_acceptable');
  assert.equal(slashed('/items/Special/'), 'target_not_acceptable');
  assert.equal(slashed('/items/5/'), 'open');
  const slash = answering([api('closed', { '/items/special/': 'get' }), api('open', open)]);
  assert.equal(slash('/items/special'), 'target_not_acceptable');
  assert.equal(slash('/items/special/'), 'closed');
  const both = answering([api('bare', open), api('slash', { '/items/{id}/': 'get' })]);
  assert.equal(both('/items/5'), 'bare');
  assert.equal(both('/items/5/'), 'slash');
  const parts = answering([
    api('pdf', { '/f/{name}.pdf': 'get' }),
    api('all', { '/f/{name}': 'get', '/{a}/{b}': 'get' }),
  ]);
  assert.equal(parts('/f/a.PDF'), 'target_not_acceptable');
  assert.equal(parts('/f/a.pdf'), 'pdf');
  assert.equal(parts('/f/a.txt'), 'all');
  assert.equal(parts('/z/you'), 'all');
});

test('behind another service or before the template, the value is only a value', () => {
  const closed = { '/items/special': 'get' };
  const open = { '/items/{id}': 'get' };
  const apart = answering([api('closed', closed, { targets: ['other:80'] }), api('open', open)]);
  for (const path of ALIKE) assert.equal(apart(path), 'open', path);
  // Where nobody says where calls go, it may be one service.
  const { targets: _, ...unsaid } = api('closed', closed);
  assert.equal(answering([unsaid, api('open', open)])('/items/Special'), 'target_not_acceptable');
  // A wider path of the other one is no rival.
  const wider = [api('open', open), api('widest', { '/{any}/{thing}': 'get' })];
  assert.equal(answering(wider)('/items/Special'), 'open');
});

test('what an API protects at one host is not reached through the template of another host', () => {
  const closed = api('closed', { '/items/special': 'get' }, { hosts: ['a.example'] });
  const open = { '/items/{id}': 'get' };
  const at = (more: Partial<ApiSnapshot>) =>
    answering([closed, api('open', open, { hosts: ['b.example'], ...more })], 'GET', 'b.example');
  for (const path of [...ALIKE, '/items/special']) {
    assert.equal(at({})(path), 'target_not_acceptable', path);
    // A service that is told the host may serve something else there.
    assert.equal(at({ preserveHost: true })(path), 'open', path);
    assert.equal(at({ targets: ['other:80'] })(path), 'open', path);
  }
  for (const path of PLAIN) assert.equal(at({})(path), 'open', path);
  // An API that has the path itself says how it is protected at its own host.
  const both = { ...open, '/items/special': 'get' };
  const own = answering([closed, api('own', both, { hosts: ['b.example'] })], 'GET', 'b.example');
  assert.equal(own('/items/special'), 'own');
  const copies = ['a.example', 'b.example'].map((host) =>
    api(host, { ...both, '/users/me/{part}': 'get', '/users/{id}/mail': 'get' }, { hosts: [host] }),
  );
  for (const path of ['/items/special', '/items/5', '/users/me/mail', '/users/5/mail']) {
    assert.equal(answering(copies, 'GET', 'b.example')(path), 'b.example', path);
  }
});

test('the base paths of two APIs at one service are part of what both serve', () => {
  const below = (base: string) => ({ targets: [`service:80${base}`] });
  const closed = { '/special': 'get' };
  const open = { '/items/{id}': 'get' };
  const at = answering([api('closed', closed, below('/items')), api('open', open)]);
  for (const path of ['/items/special', '/items/Special', '/items/special.json']) {
    assert.equal(at(path), 'target_not_acceptable', path);
  }
  for (const path of ['/items/5', '/items/a%20b']) assert.equal(at(path), 'open', path);
  // The other way round: the template stands below a base path.
  const deep = answering([
    api('whole', { '/items/special': 'get' }),
    api('open', { '/{id}': 'get' }, below('/items')),
  ]);
  for (const path of ['/special', '/SPECIAL'])
    assert.equal(deep(path), 'target_not_acceptable', path);
  assert.equal(deep('/5'), 'open');
  const apart = answering([api('closed', closed, below('/things')), api('open', open)]);
  assert.equal(apart('/items/special'), 'open');
});

test("a call that fits paths of two APIs, neither of them more concrete, is nobody's", () => {
  const at = answering([api('a', { '/f/a{x}': 'get' }), api('b', { '/f/{y}b': 'get' })]);
  assert.equal(at('/f/ax'), 'a');
  assert.equal(at('/f/xb'), 'b');
  for (const path of ['/f/axb', '/f/axB', '/f/ab%62']) {
    assert.equal(at(path), 'target_not_acceptable', path);
  }
  const crossed = answering([
    api('a', { '/users/me/{part}': 'get' }),
    api('b', { '/users/{id}/mail': 'get' }),
  ]);
  assert.equal(crossed('/users/me/mail'), 'target_not_acceptable');
  assert.equal(crossed('/users/me/photo'), 'a');
  assert.equal(crossed('/users/5/mail'), 'b');
});
