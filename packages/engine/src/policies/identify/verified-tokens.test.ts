import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts';

function entry(): VerifiedToken {
  return { wasUsed: false } as VerifiedToken;
}

test('tokens that come once each do not push out those in use', () => {
  const tokens = new VerifiedTokens(10);
  const used = Array.from({ length: 10 }, (_, index) => `used-${index}`);
  for (const digest of used) tokens.remember(digest, entry());
  for (let index = 0; index < 5_000; index++) tokens.remember(`once-${index}`, entry());
  for (const digest of used) assert.ok(tokens.get(digest), digest);
});

test('a token that comes again finds a place in a full memory, and one that nobody uses leaves it', () => {
  const tokens = new VerifiedTokens(3);
  for (const digest of ['a', 'b', 'c']) tokens.remember(digest, entry());
  const a = tokens.get('a') as VerifiedToken;
  a.wasUsed = true;
  tokens.remember('d', entry());
  assert.equal(tokens.get('d'), undefined);
  tokens.remember('d', entry());
  assert.ok(tokens.get('d'));
  assert.ok(tokens.get('a'), 'was used');
  assert.equal(tokens.get('b'), undefined);
  assert.equal(tokens.size, 3);
});

test('what is forgotten is gone, and whatever is remembered and forgotten the bound holds', () => {
  const act = fc.record({
    what: fc.constantFrom('remember', 'forget', 'use'),
    digest: fc.nat({ max: 12 }).map(String),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (acts, max) => {
      const tokens = new VerifiedTokens(max);
      for (const { what, digest } of acts) {
        const known = tokens.get(digest);
        if (what === 'forget') tokens.forget(digest);
        else if (what === 'remember') tokens.remember(digest, entry());
        else if (known !== undefined) known.wasUsed = true;
        if (what === 'forget') assert.equal(tokens.get(digest), undefined);
        if (what === 'remember' && known !== undefined) assert.ok(tokens.get(digest));
        assert.ok(tokens.size <= max);
      }
    }),
  );
});
