import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newlyAllowed } from './compare-network-lists.ts';
import { compileNetworkLists, type NetworkLists } from './network-list.ts';

const read = (lists: NetworkLists) => ({ lists, isAllowed: compileNetworkLists(lists) });
const wider = (before: Partial<NetworkLists>, after: Partial<NetworkLists>) =>
  newlyAllowed(
    read({ allow: [], deny: [], ...before }),
    read({ allow: [], deny: [], ...after }),
  ) !== null;

test('networks that admit somebody new are told, whatever the lists look like', () => {
  assert.ok(wider({ allow: ['10.0.0.0/8'] }, { allow: ['10.0.0.0/7'] }));
  assert.ok(wider({ allow: ['10.0.0.0/8'] }, {}));
  assert.ok(wider({ deny: ['10.0.0.0/8'] }, { deny: ['10.0.0.0/9'] }));
  assert.ok(wider({ allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'] }, { allow: ['10.0.0.0/8'] }));
  assert.ok(wider({ allow: ['10.0.0.0/8'] }, { allow: ['10.0.0.0/8', '2001:db8::/32'] }));
  assert.ok(wider({ deny: ['0.0.0.0/0'] }, { deny: ['0.0.0.0/0'], allow: ['192.0.2.1'] }));
});

test('the same addresses in other words, and fewer of them, are not', () => {
  assert.ok(!wider({ allow: ['10.0.0.0/8'] }, { allow: ['10.0.0.0/9', '10.128.0.0/9'] }));
  assert.ok(!wider({ allow: ['10.0.0.0/8'] }, { allow: ['10.0.0.0/8'], deny: ['10.1.0.0/16'] }));
  assert.ok(!wider({}, { deny: ['::/0', '0.0.0.0/0'] }));
  assert.ok(!wider({ deny: ['10.0.0.0/8', '10.1.0.0/16'] }, { deny: ['10.0.0.0/8'] }));
});

test('what is told agrees with asking every address of a small world', () => {
  const network = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([last, length]) => `192.0.2.${last & (0xff << (32 - length)) & 0xff}/${length}`);
  const lists = fc.record({
    allow: fc.array(network, { maxLength: 4 }),
    deny: fc.array(network, { maxLength: 4 }),
  });
  const world = [
    ...Array.from({ length: 256 }, (_, last) => `192.0.2.${last}`),
    ...['192.0.1.255', '192.0.3.0', '2001:db8::1'],
  ];
  fc.assert(
    fc.property(lists, lists, (before, after) => {
      const [old, next] = [read(before), read(after)];
      const expected = world.some((one) => next.isAllowed(one) && !old.isAllowed(one));
      assert.equal(newlyAllowed(old, next) !== null, expected);
    }),
  );
});
