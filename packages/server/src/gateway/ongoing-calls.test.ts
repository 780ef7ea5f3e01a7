import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { test } from 'node:test';
import type { Principal } from '@poorter/engine';
import { LiveRights } from '@poorter/engine/live-rights';
import { OngoingCalls } from './ongoing-calls.ts';

const ISSUER = 'https://login.test';
const token: Principal = {
  ...{ kind: 'token', client: 'client_1', subject: 'griet', issuer: ISSUER, scopes: [], roles: [] },
  ...{ credentialId: 'token_1', expiresAt: null, grantId: 'grant_1', givenAt: 100 },
};
const key: Principal = {
  ...{ kind: 'key', client: 'key_1', subject: null, issuer: null, scopes: [], roles: [] },
  ...{ credentialId: 'key_1', expiresAt: null },
};
const KEY = { id: 'key_1', name: 'Shop', hash: 'aa', scopes: [], roles: [], expiresAt: null };
const NOTHING = { put: [], removed: [] };

function open() {
  const state = { sequence: 1, keyHashKey: 'bb', keys: [KEY], blocks: [] };
  const live = new LiveRights(state);
  const ongoing = new OngoingCalls(live, () => 1_000);
  const ended: string[] = [];
  const hold = (name: string, principal: Principal | null, clientAddress = '192.0.2.1') => {
    const closing = new EventEmitter();
    const stream = Object.assign(closing, {
      destroyed: false,
      destroy: () => {
        stream.destroyed = true;
        ended.push(name);
        return stream;
      },
    });
    ongoing.hold({ principal, clientAddress }, stream as unknown as Writable);
    return closing;
  };
  return { live, ongoing, ended, hold };
}

test('what goes on ends with the grant, the token, the client or the key that let it in, and nothing else does', () => {
  const denial = (kind: 'grant' | 'token' | 'client', value: string) => ({
    denied: { put: [{ id: value, kind, issuer: ISSUER, value }], removed: [] },
  });
  const block = { id: 'block_1', kind: 'address', value: '192.0.2.9', untilMs: null } as const;
  for (const [change, expected] of [
    [denial('grant', 'grant_1'), ['by token']],
    [denial('token', 'token_1'), ['by token']],
    [denial('client', 'client_1'), ['by token']],
    [denial('grant', 'grant_2'), []],
    [{ keys: { put: [], removed: ['key_1'] } }, ['by key']],
    [{ keys: { put: [{ ...KEY, scopes: ['more'] }], removed: [] } }, []],
    [{ blocks: { put: [block], removed: [] } }, ['by nobody']],
  ] as const) {
    const { live, ongoing, ended, hold } = open();
    hold('by token', token);
    hold('by key', key);
    hold('of the configuration', { ...key, credentialId: 'key_of_a_file' });
    hold('by nobody', null, '192.0.2.9');
    hold('over', token).emit('close');
    const keys = NOTHING;
    const whole = { sequence: 2, keys, blocks: NOTHING, ...change };
    live.take({ type: 'live-change', change: whole });
    ongoing.look();
    ongoing.look();
    assert.deepEqual(ended, expected, JSON.stringify(change));
  }
});

test('what was taken back while the service was reached does not begin', () => {
  const { live, ended, hold } = open();
  const denied = [{ id: 'd', kind: 'grant', issuer: ISSUER, value: 'grant_1' }] as const;
  const change = { sequence: 2, keys: NOTHING, blocks: NOTHING };
  live.take({ type: 'live-change', change: { ...change, denied: { put: denied, removed: [] } } });
  hold('late', token);
  assert.deepEqual(ended, ['late']);
});

test('whoever left before an answer began is not remembered for ever', async () => {
  const { ongoing } = open();
  const left = new PassThrough();
  left.destroy();
  await new Promise((resolve) => left.once('close', resolve));
  const listening = left.listenerCount('close');
  ongoing.hold({ principal: token, clientAddress: '192.0.2.1' }, left);
  // Nothing of it would ever let go.
  assert.equal(left.listenerCount('close'), listening);
});
