import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileNetworkLists, NetworkMap, parseNetwork } from './network-list.ts';

for (const [network, sentence] of [
  ['10.0.0.0/33', 'has no prefix length between 0 and 32'],
  ['10.0.0.0/-1', 'has no prefix length'],
  ['10.0.0.0/', 'has no prefix length'],
  ['10.0.0.0/8 ', 'has no prefix length'],
  ['10.0.0.1/8', 'has bits set after its prefix of 8'],
  ['2001:db8::1/32', 'has bits set after its prefix of 32'],
  ['2001:db8::/129', 'has no prefix length between 0 and 128'],
  ['10.0.0', 'is not an IP address or network'],
  ['010.0.0.0/8', 'is not an IP address or network'],
  ['0x0a.0.0.0/8', 'is not an IP address or network'],
  ['example.com', 'is not an IP address or network'],
  ['', 'is not an IP address or network'],
] as const) {
  test(`'${network}' is refused with a reason`, () => {
    assert.throws(() => parseNetwork(network), new RegExp(sentence));
  });
}

test('the longest prefix decides, whatever the order of the lists', () => {
  const mayCall = compileNetworkLists({
    allow: ['10.0.0.0/8', '10.1.2.0/24', '10.9.9.9'],
    deny: ['10.1.0.0/16', '10.1.2.3/32', '10.9.0.0/16'],
  });
  for (const [address, expected] of [
    ['10.2.0.1', true],
    ['10.1.9.1', false],
    ['10.1.2.4', true],
    ['10.1.2.3', false],
    ['10.9.9.9', true],
    ['10.9.9.8', false],
    ['11.0.0.1', false],
    ['::ffff:10.2.0.1', true],
    ['::ffff:10.1.2.3', false],
    ['2001:db8::1', false],
    ['unreadable', false],
  ] as const) {
    assert.equal(mayCall(address), expected, address);
  }
});

test('between equal prefixes deny decides', () => {
  const mayCall = compileNetworkLists({ allow: ['10.0.0.0/8'], deny: ['10.0.0.0/8'] });
  assert.equal(mayCall('10.0.0.1'), false);
});

test('an empty allow list lets everyone call who is not denied and has an address', () => {
  const mayCall = compileNetworkLists({ allow: [], deny: ['192.0.2.0/24', '2001:db8::/32'] });
  assert.equal(mayCall('198.51.100.1'), true);
  assert.equal(mayCall('2001:db9::1'), true);
  assert.equal(mayCall('192.0.2.77'), false);
  assert.equal(mayCall('2001:db8:ffff::1'), false);
  assert.equal(mayCall('2001:db8::1%eth0'), false);
  assert.equal(mayCall('no address'), false);
});

test('the default routes cover one family each', () => {
  const mayCall = compileNetworkLists({ allow: ['0.0.0.0/0'], deny: [] });
  assert.equal(mayCall('203.0.113.9'), true);
  assert.equal(mayCall('2001:db8::1'), false);
});

/** Few distinct bits, so that networks nest and addresses fall into them. */
const bits = (width: number) =>
  fc.array(fc.constantFrom(0, 1), { minLength: 6, maxLength: 6 }).map((few) => {
    const text = few.join('');
    return `${text}${text[5]}`.padEnd(width, text[0]);
  });

const FAMILIES = [
  {
    width: 32,
    text: (all: string) =>
      (all.match(/.{8}/g) ?? []).map((one) => Number.parseInt(one, 2)).join('.'),
  },
  {
    width: 128,
    text: (all: string) =>
      (all.match(/.{16}/g) ?? []).map((one) => Number.parseInt(one, 2).toString(16)).join(':'),
  },
];

for (const { width, text } of FAMILIES) {
  test(`${width}-bit addresses: the map finds what trying every network finds`, () => {
    const network = fc.record({ all: bits(width), length: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(network, { maxLength: 12 }), bits(width), (networks, address) => {
        const map = new NetworkMap<number>();
        let expected: number | undefined;
        let longest = -1;
        for (const [index, { all, length }] of networks.entries()) {
          const prefix = all.slice(0, length);
          map.add(`${text(prefix.padEnd(width, '0'))}/${length}`, index);
          if (!address.startsWith(prefix) || length < longest) continue;
          longest = length;
          expected = index;
        }
        // An IPv4-mapped address is an IPv4 address; these bits never spell one.
        assert.equal(map.find(text(address)), expected);
      }),
      { numRuns: 3_000 },
    );
  });
}
