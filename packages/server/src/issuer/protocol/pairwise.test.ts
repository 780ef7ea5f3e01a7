import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PairwiseNames } from './pairwise.ts';

const names = new PairwiseNames(Buffer.alloc(32, 7));
const account = fc.stringMatching(/^account_[0-9a-f]{24}$/);

test('a person has one name at a site, another at the next, and only we can tell whose it is', () => {
  fc.assert(
    fc.property(account, account, fc.string(), fc.string(), (one, other, here, there) => {
      const name = names.nameOf(one, here);
      assert.match(name, /^[A-Za-z0-9_-]{22}$/);
      assert.equal(names.nameOf(one, here), name);
      assert.equal(names.accountOf(name, here), one);
      if (here !== there) {
        assert.notEqual(names.nameOf(one, there), name);
        assert.equal(names.accountOf(name, there), null);
      }
      if (one !== other) assert.notEqual(names.nameOf(other, here), name);
      assert.equal(new PairwiseNames(Buffer.alloc(32, 8)).accountOf(name, here), null);
    }),
  );
});

test('what is no name of ours is nobody’s', () => {
  for (const name of ['', 'x', 'account_1', 'A'.repeat(22), `${'A'.repeat(21)}=`, 'A'.repeat(23)]) {
    assert.equal(names.accountOf(name, 'budget.test'), null, name);
  }
  assert.throws(() => names.nameOf('client_1', 'budget.test'), TypeError);
});
