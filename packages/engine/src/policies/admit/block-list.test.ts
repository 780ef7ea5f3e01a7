import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentifiedPrincipal, SatisfiedAlternative } from '../../identity.ts';
import { type LiveBlock, LiveRights } from '../../live-rights.ts';
import { checkAddress, checkCallers } from './block-list.ts';

const NOW = 1_000_000;
const ADDRESS = '192.0.2.1';

function listOf(...blocks: Partial<LiveBlock>[]): LiveRights {
  const whole = blocks.map((block, index) => ({
    ...{ id: `block_${index}`, kind: 'address' as const, value: ADDRESS, untilMs: null },
    ...block,
  }));
  return new LiveRights({ sequence: 1, keyHashKey: null, keys: [], blocks: whole });
}

function principal(more: Partial<IdentifiedPrincipal>): IdentifiedPrincipal {
  return {
    ...{ kind: 'token', client: 'app-1', clientNames: ['app-1'], subject: 'anna' },
    ...{ issuer: null, scopes: [], roles: [], credentialId: 'jti-1', expiresAt: null },
    ...more,
  };
}

const proving = (...principals: IdentifiedPrincipal[]): SatisfiedAlternative => ({
  schemes: principals.map((one) => ({
    ...{ scheme: 's', carries: 'scopes', required: [], principal: one },
  })),
});
const key = principal({
  kind: 'key',
  client: 'key_1',
  clientNames: ['key_1'],
  credentialId: 'key_1',
});

test('a block with an end says when to come back, and one without says nothing of it', () => {
  const ending = checkAddress(listOf({ untilMs: NOW + 1_500 }), ADDRESS, NOW);
  assert.equal(ending?.code, 'address_blocked');
  assert.deepEqual(ending.answerHeaders, ['retry-after', '2']);
  assert.match(String(ending.details?.['detail']), /Retry-After/);
  const lasting = checkAddress(listOf({}), ADDRESS, NOW);
  assert.deepEqual(lasting?.evidence, { block: 'block_0', kind: 'address' });
  assert.deepEqual([lasting.answerHeaders, lasting.details], [undefined, undefined]);
  // The last millisecond is no permission to come back at once.
  const last = checkAddress(listOf({ untilMs: NOW + 1 }), ADDRESS, NOW);
  assert.deepEqual(last?.answerHeaders, ['retry-after', '1']);
});

test('a block that has ended refuses nobody, and an end that is no number refuses', () => {
  assert.equal(checkAddress(listOf({ untilMs: NOW }), ADDRESS, NOW), null);
  assert.equal(
    checkAddress(listOf({ untilMs: Number.NaN }), ADDRESS, NOW)?.code,
    'address_blocked',
  );
  assert.equal(checkAddress(listOf({ value: '192.0.2.2' }), ADDRESS, NOW), null);
});

test('a blocked key is no better beside a good token, nor in the second alternative', () => {
  const blocks = listOf({ kind: 'key', value: 'key_1' });
  assert.equal(checkCallers(blocks, [proving(principal({}), key)], NOW)?.code, 'caller_blocked');
  assert.equal(
    checkCallers(blocks, [proving(principal({})), proving(key)], NOW)?.code,
    'caller_blocked',
  );
  assert.equal(checkCallers(blocks, [proving(principal({}))], NOW), null);
  assert.equal(checkCallers(blocks, [proving()], NOW), null);
});

test('a subject that is called like a blocked client is not that client', () => {
  const blocks = listOf({ kind: 'client', value: 'anna' });
  assert.equal(checkCallers(blocks, [proving(principal({}))], NOW), null);
  const named = listOf({ kind: 'subject', value: 'anna' });
  assert.equal(checkCallers(named, [proving(principal({}))], NOW)?.code, 'caller_blocked');
});
