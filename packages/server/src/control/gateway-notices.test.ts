import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromRemote } from './from-remote.ts';
import { saidBy } from './gateway-notices.ts';

function heard(said: object) {
  const read = fromRemote.parse(said);
  if (read.type !== 'notice' && read.type !== 'failed') throw new Error(read.type);
  return saidBy('gw_a', read);
}

test('a gateway on another machine gives a notice no level, no members and no code of its own', () => {
  const notice = {
    ...{ level: 'info', code: 'thread_ended', message: 'thread 1 ended' },
    about: { gateway: 'gw_b', time: 'never', secret: 'x' },
  };
  assert.deepEqual(heard({ type: 'notice', notice }), {
    ...{ level: 'error', code: 'thread_ended', message: 'gateway gw_a: thread 1 ended' },
    about: { gateway: 'gw_a' },
  });
  const strange = { ...notice, code: '__proto__' };
  assert.equal(heard({ type: 'notice', notice: strange }).code, 'gateway_not_understood');
  const failed = heard({ type: 'failed', message: 'applying version 2: EADDRINUSE', version: 2 });
  assert.deepEqual([failed.code, failed.level], ['snapshot_unserved', 'error']);
});

test('what no notice can be is not understood: a message without end, or without a code', () => {
  const long = { code: 'thread_ended', message: 'x'.repeat(10_001) };
  for (const notice of [long, { message: 'x' }, 'x', null]) {
    assert.equal(fromRemote.safeParse({ type: 'notice', notice }).success, false);
  }
});
