import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionSchema, readExtension } from './extension.ts';
import { extensionOf } from './extension-of.ts';

test('every setting that can be written is known where it is decided by, with what stands in for the rest', () => {
  const written = {
    ...{ limit: { requests: 5, per: 'minute' }, quota: { requests: 9, per: 'day' } },
    ...{ concurrency: { calls: 2 }, authorize: { roles: ['admin'] }, network: { deny: ['::1'] } },
    ...{ mode: 'observe', response: 'block', audit: 'durable', bodyBytesMax: 1, reading: 'strict' },
    ...{ readOnlyMembers: 'refuse', formats: 'report', allowUndocumentedQuery: ['a'] },
    ...{ cors: { origins: '*' }, semicolons: 'allow', stepUp: { acr: ['phr'] } },
    permit: { type: 'pay', match: { '/amount': '/amount' } },
  };
  assert.deepEqual(Object.keys(written).sort(), Object.keys(extensionSchema.shape).sort());
  const read = readExtension(written);
  assert.ok('value' in read, JSON.stringify(read));
  const extension = extensionOf({ settings: read.value });
  assert.deepEqual(Object.keys(extension).sort(), Object.keys(written).sort());
  assert.deepEqual(extension.network, { allow: [], deny: ['::1'] });
  assert.deepEqual(extension.limit, {
    ...{ requests: 5, per: 'minute', by: 'client', whenCountersAreAway: 'share' },
  });
});

test('what another version compiled is not served where it restricts in a way that is not known', () => {
  assert.throws(
    () => extensionOf({ settings: { tomorrow: 'nobody' } }),
    /tomorrow, which is not known/,
  );
  // Before settings were read where they are compiled.
  assert.throws(() => extensionOf({ extension: { mode: 'enforce' } } as never), TypeError);
});
