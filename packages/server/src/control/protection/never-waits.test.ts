import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeSnapshot } from '../../messages/between-processes.ts';
import { withWhatNeverWaits } from './never-waits.ts';

const tls = {
  ...{ certificate: 'old', key: 'old key', minVersion: 'TLSv1.3', clientCertificate: 'require' },
  clientAuthorities: ['first'],
};

function snapshot(gate: object = {}, more: object = {}): RuntimeSnapshot {
  return {
    gate: { version: 1, keys: [{ id: 'a' }], revoked: ['x'], issuerKeys: {}, apis: [], ...gate },
    listeners: [{ host: '127.0.0.1', port: 8443, tls }],
    identity: { key: { kid: 'one' }, issuer: 'poorter', lifetimeSeconds: 60 },
    identityKeySet: { keys: [] },
    trustedProxies: [],
    ...more,
  } as unknown as RuntimeSnapshot;
}

const same = { isSameKeyFile: true, issuerKeys: {} };

test('while a weaker configuration waits, its revocations and renewals are served, and nothing else of it', () => {
  const weaker = {
    trustedProxies: ['0.0.0.0/0'],
    identity: { key: { kid: 'two' }, issuer: 'other', lifetimeSeconds: 300 },
    listeners: [
      {
        host: '127.0.0.1',
        port: 8443,
        tls: {
          ...{ certificate: 'new', key: 'new key', minVersion: 'TLSv1.2' },
          ...{ clientCertificate: 'none', clientAuthorities: ['second'] },
        },
      },
    ],
  };
  const next = snapshot({ version: 2, keys: [], revoked: ['y'], apis: [{ name: 'open' }] }, weaker);
  const served = withWhatNeverWaits(snapshot(), next, same);
  assert.deepEqual(
    served,
    snapshot(
      { version: 2, keys: [], revoked: ['x', 'y'] },
      {
        identity: { key: { kid: 'two' }, issuer: 'poorter', lifetimeSeconds: 60 },
        listeners: [
          { host: '127.0.0.1', port: 8443, tls: { ...tls, certificate: 'new', key: 'new key' } },
        ],
      },
    ),
  );
});

test('keys of another key file wait, and issuer keys that are believed no more do not come back', () => {
  const before = snapshot({ issuerKeys: { 'https://a.example': { generation: 1 } } });
  const served = withWhatNeverWaits(before, snapshot({ version: 2, keys: [{ id: 'b' }] }), {
    ...{ isSameKeyFile: false, issuerKeys: {} },
  });
  assert.deepEqual(served?.gate.keys, [{ id: 'a' }]);
  assert.deepEqual(served?.gate.issuerKeys, {});
});

test('nothing is served anew where nothing of that changed', () => {
  assert.equal(withWhatNeverWaits(snapshot(), snapshot({ version: 2, apis: [{}] }), same), null);
});
