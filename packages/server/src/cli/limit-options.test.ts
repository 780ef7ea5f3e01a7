import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsSchema } from '@poorter/engine';
import { limitsOf } from './limit-options.ts';

test('the limits of a key can be said without JSON, and mean what the JSON means', () => {
  assert.deepEqual(limitsOf({}), {});
  const { limits } = limitsOf({
    rate: '10/second, 300/minute',
    quota: '1000/day',
    concurrency: '5',
  });
  assert.deepEqual(limits, {
    limit: [
      { requests: 10, per: 'second' },
      { requests: 300, per: 'minute' },
    ],
    quota: [{ requests: 1000, per: 'day' }],
    concurrency: { calls: 5 },
  });
  assert.ok(limitsSchema.safeParse(limits).success);
  assert.deepEqual(limitsOf({ limits: '{"concurrency":{"calls":2}}' }), {
    limits: { concurrency: { calls: 2 } },
  });
});

test('a limit that is mistyped makes no key without a limit', () => {
  for (const wrong of [
    { rate: '60' },
    { rate: '60/minutes' },
    { rate: '0/minute' },
    { rate: '-1/minute' },
    { rate: '60/month' },
    { rate: '60/minute,' },
    { rate: '' },
    { quota: '1000/hour' },
    { quota: '1e3/day' },
    { concurrency: '0' },
    { concurrency: 'many' },
    { concurrency: '' },
    { limits: '60/minute' },
    { limits: '{}', rate: '60/minute' },
  ]) {
    assert.throws(() => limitsOf(wrong), JSON.stringify(wrong));
  }
});
