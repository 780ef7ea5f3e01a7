import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeaderFields } from '../../header-fields.ts';
import { compileClientAddress } from './client-address.ts';

const trusting = compileClientAddress(['10.0.0.0/8', '2001:db8:1::/48']);
const PROXY = '10.0.0.1';

function addressOf(fields: Record<string, string> | string[], peer = PROXY): string | null {
  const flat = Array.isArray(fields) ? fields : Object.entries(fields).flat();
  return trusting(peer, new HeaderFields(flat));
}

test('without trusted proxies nobody is believed', () => {
  const trustNobody = compileClientAddress([]);
  const fields = new HeaderFields([
    'x-forwarded-for',
    '198.51.100.7',
    'forwarded',
    'for=198.51.100.7',
  ]);
  assert.equal(trustNobody('192.0.2.1', fields), '192.0.2.1');
  assert.equal(trustNobody('::ffff:192.0.2.1', fields), '192.0.2.1');
});

test('a peer that is no trusted proxy is the caller, whatever it says', () => {
  assert.equal(addressOf({ 'x-forwarded-for': '198.51.100.7' }, '192.0.2.1'), '192.0.2.1');
});

for (const [hops, caller] of [
  ['198.51.100.7', '198.51.100.7'],
  // What the caller wrote itself stands to the left of what the proxy saw.
  ['127.0.0.1, 198.51.100.7', '198.51.100.7'],
  ['198.51.100.7, 10.0.0.9', '198.51.100.7'],
  ['198.51.100.7 , 10.0.0.9 ,10.1.1.1', '198.51.100.7'],
  ['198.51.100.7:4711', '198.51.100.7'],
  ['[2001:db8:9::1]:4711', '2001:db8:9::1'],
  ['2001:DB8:9:0:0::1', '2001:db8:9::1'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['10.0.0.9', '10.0.0.9'],
  ['unknown', PROXY],
  ['198.51.100.7, unknown', PROXY],
  ['198.51.100.7, unknown, 10.0.0.9', '10.0.0.9'],
  ['0x7f.1, 10.0.0.9', '10.0.0.9'],
  ['198.51.100.7\t', '198.51.100.7'],
  ['198.51.100.7\u00a0', PROXY],
  ['198.51.100.7,\u00a010.0.0.9', PROXY],
  ['', PROXY],
] as const) {
  test(`X-Forwarded-For '${hops}' from a trusted proxy: ${caller}`, () => {
    assert.equal(addressOf({ 'x-forwarded-for': hops }), caller);
  });
}

test('several X-Forwarded-For fields are one list', () => {
  const fields = ['x-forwarded-for', '127.0.0.1', 'x-forwarded-for', '198.51.100.7'];
  assert.equal(addressOf(fields), '198.51.100.7');
});

for (const [value, caller] of [
  ['for=198.51.100.7', '198.51.100.7'],
  ['For="198.51.100.7:80";proto=https', '198.51.100.7'],
  ['proto=https;for="[2001:db8:9::1]:80";by=10.0.0.1', '2001:db8:9::1'],
  ['for=127.0.0.1, for=198.51.100.7;proto=http', '198.51.100.7'],
  ['for=_hidden', PROXY],
  ['for=198.51.100.7, for=unknown', PROXY],
  ['xfor=198.51.100.7', PROXY],
  ['by=198.51.100.7', PROXY],
] as const) {
  test(`Forwarded '${value}' from a trusted proxy: ${caller}`, () => {
    assert.equal(addressOf({ forwarded: value }), caller);
  });
}

test('a proxy that writes one forwarding header and passes on the caller’s other one is not guessed at', () => {
  const disagreeing = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=198.51.100.7' };
  assert.equal(addressOf(disagreeing), null);
  assert.equal(addressOf(disagreeing, '192.0.2.1'), '192.0.2.1');
  const agreeing = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7;proto=https' };
  assert.equal(addressOf(agreeing), '198.51.100.7');
});

test('what stands left of the first untrusted hop changes nothing', () => {
  const invented = fc.array(fc.constantFrom('127.0.0.1', '10.0.0.5', 'x', '::1', '203.0.113.1'), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(invented, (left) => {
      const hops = [...left, '198.51.100.7', '10.2.3.4'].join(', ');
      assert.equal(addressOf({ 'x-forwarded-for': hops }), '198.51.100.7');
    }),
  );
});
