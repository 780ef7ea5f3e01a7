import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiveDenial, LiveRights } from './live-rights.ts';
import {
  bearer,
  claimsOf,
  ISSUER,
  identifyWith,
  NOW,
  outcomeOf,
  tokenOf,
  trustedIssuer,
  World,
} from './policies/identify/identify.fixture.ts';
import { VerifiedTokens } from './policies/identify/index.ts';

const NOTHING = { put: [], removed: [] };

function denial(id: string, more: Partial<LiveDenial> = {}): LiveDenial {
  return { id, kind: 'grant', issuer: ISSUER, value: 'grant-1', ...more };
}

/** A thread that remembers tokens, and hears what is denied. */
function thread() {
  const live = new LiveRights();
  const world = Object.assign(new World(), {
    isRevoked: live.isDenied.bind(live),
    verifiedTokens: new VerifiedTokens(),
  });
  const identify = identifyWith(world, [{ bearer: [] }]);
  let sequence = 0;
  return {
    live,
    put: (...put: LiveDenial[]) => change({ put, removed: [] }),
    remove: (...removed: string[]) => change({ put: [], removed }),
    call: async (claims: Record<string, unknown> = {}) =>
      outcomeOf(await identify(bearer(tokenOf({ grant_id: 'grant-1', ...claims })))),
  };
  function change(denied: { put: LiveDenial[]; removed: string[] }) {
    sequence += 1;
    live.take({
      type: 'live-change',
      change: { sequence, keys: NOTHING, blocks: NOTHING, denied },
    });
  }
}

test('a token whose grant, client or own id is denied is refused at once, remembered or not', async () => {
  for (const [kind, value] of [
    ['grant', 'grant-1'],
    ['client', 'app-1'],
    ['token', 't1'],
  ] as const) {
    const { call, put, remove } = thread();
    assert.equal(await call(), 'app-1');
    assert.equal(await call(), 'app-1', 'remembered');
    put(denial('d1', { kind, value }));
    assert.equal(await call(), 'credentials_invalid', kind);
    remove('d1');
    assert.equal(await call(), 'app-1', `${kind}: over`);
  }
});

test('a token goes with every client through whose hands it came, and what else stands there refuses nobody', async () => {
  const act = { sub: 'app-2', act: { sub: 'app-3', act: { sub: 'app-4' } } };
  for (const value of ['app-2', 'app-3', 'app-4']) {
    const { call, put } = thread();
    assert.equal(await call({ act }), 'app-1');
    put(denial('d1', { kind: 'client', value }));
    assert.equal(await call({ act }), 'credentials_invalid', value);
    assert.equal(await call({ jti: 't2' }), 'app-1', 'another');
  }
  let deep: object = {};
  for (let depth = 0; depth < 100; depth += 1) deep = { sub: `app-${depth}`, act: deep };
  for (const odd of [null, 'app-2', 1, [], {}, { sub: 1 }, { sub: 'x', act: 'y' }, deep]) {
    assert.equal(await thread().call({ act: odd }), 'app-1', JSON.stringify(odd));
  }
});

test('a token that only its issuer can read is denied as a JWT is, whatever the issuer says', async () => {
  for (const [kind, value] of [
    ['grant', 'grant-1'],
    ['client', 'app-1'],
    ['token', 't1'],
  ] as const) {
    const live = new LiveRights();
    const claims = claimsOf({ grant_id: 'grant-1' });
    const world = Object.assign(new World(), {
      trusted: [{ ...trustedIssuer, opaqueTokens: { prefix: '' } }],
      introspect: () => ({ kind: 'active', claims }) as const,
      isRevoked: live.isDenied.bind(live),
    });
    const identify = identifyWith(world, [{ bearer: [] }]);
    const call = async () => outcomeOf(await identify(bearer('opaque-token')));
    assert.equal(await call(), 'app-1');
    const denied = { put: [denial('d1', { kind, value })], removed: [] };
    live.take({
      type: 'live-change',
      change: { sequence: 1, keys: NOTHING, blocks: NOTHING, denied },
    });
    assert.equal(await call(), 'credentials_invalid', kind);
  }
});

test('a denial concerns what its issuer gave, of its kind and with its name, and nothing else', async () => {
  const { call, put } = thread();
  put(
    denial('d1', { issuer: 'https://other.example' }),
    denial('d2', { value: 'grant-2' }),
    denial('d3', { kind: 'token', value: 'grant-1' }),
    denial('d4', { kind: 'client', value: 'anna' }),
  );
  assert.equal(await call(), 'app-1');
  assert.equal(await call({ grant_id: 'grant-2', jti: 't2' }), 'credentials_invalid');
});

test('what is denied twice stays so until both have ended', async () => {
  const { call, put, remove } = thread();
  put(denial('d1'), denial('d2'));
  remove('d1');
  assert.equal(await call(), 'credentials_invalid');
  remove('d1', 'd2');
  assert.equal(await call(), 'app-1');
});

test('a whole state without denials has none, and what is handed on holds those that stand', async () => {
  const { call, put, live } = thread();
  assert.equal('denied' in live.state, false, 'an older gateway is not told of what is empty');
  put(denial('d1'));
  assert.deepEqual(live.state.denied, [denial('d1')]);
  const other = new LiveRights(live.state);
  assert.deepEqual(other.state, live.state);
  const { sequence, keyHashKey, keys, blocks } = live.state;
  live.take({ type: 'live', state: { sequence, keyHashKey, keys, blocks } });
  assert.equal(await call(), 'app-1');
});

test('what a client is given after its terms have changed counts', async () => {
  const { call, put } = thread();
  put(denial('d1', { kind: 'client', value: 'app-1', givenBefore: NOW - 5 }));
  assert.equal(await call({ iat: NOW - 6 }), 'credentials_invalid');
  assert.equal(await call({ iat: NOW - 5, jti: 't2' }), 'app-1');
  assert.equal(
    await call({ iat: undefined, jti: 't3' }),
    'credentials_invalid',
    'nobody knows when',
  );
  put(denial('d2', { kind: 'client', value: 'app-1', givenBefore: NOW + 1 }));
  assert.equal(await call({ iat: NOW - 5, jti: 't2' }), 'credentials_invalid');
});

test('a grant id of another form than ours concerns nobody', async () => {
  const { call } = thread();
  for (const id of [7, null, ['grant-1'], { id: 'grant-1' }, '']) {
    assert.equal(await call({ grant_id: id }), 'app-1', JSON.stringify(id));
  }
});
