import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import fc from 'fast-check';
import { compileOriginalCall, type OriginalCall } from './original-call.ts';

const trusting = compileOriginalCall(['10.0.0.0/8', '2001:db8:1::/48']);
const PROXY = '10.0.0.1';

function told(fields: Record<string, string> | string[], peer = PROXY): OriginalCall | string {
  const flat = Array.isArray(fields) ? fields : Object.entries(fields).flat();
  return trusting(peer, new HeaderFields(flat));
}

function addressOf(fields: Record<string, string> | string[], peer = PROXY): string {
  const call = told(fields, peer);
  return typeof call === 'string' ? call : call.address;
}

test('without trusted proxies nobody is believed', () => {
  const trustNobody = compileOriginalCall([]);
  const flat = Object.entries({
    'x-forwarded-for': '198.51.100.7',
    forwarded: 'for=198.51.100.7;proto=https;host=b.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'b.example',
  }).flat();
  const direct = { address: '192.0.2.1', scheme: null, host: null };
  for (const peer of ['192.0.2.1', '::ffff:192.0.2.1']) {
    assert.deepEqual(trustNobody(peer, new HeaderFields(flat)), direct);
    assert.deepEqual(trusting(peer, new HeaderFields(flat)), direct);
  }
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
  assert.equal(addressOf(disagreeing), 'forwarded-for');
  assert.equal(addressOf(disagreeing, '192.0.2.1'), '192.0.2.1');
  const agreeing = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.7;proto=https' };
  assert.equal(addressOf(agreeing), '198.51.100.7');
});

const XFF = { 'x-forwarded-for': '198.51.100.7' };

for (const [fields, scheme, host] of [
  [{ ...XFF }, null, null],
  [{ 'x-forwarded-proto': 'https' }, 'https', null],
  [
    { ...XFF, 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'b.example:8443' },
    'https',
    'b.example:8443',
  ],
  [{ ...XFF, 'x-forwarded-proto': 'wss' }, 'https', null],
  [{ ...XFF, 'x-forwarded-proto': 'http' }, 'http', null],
  [{ ...XFF, 'x-forwarded-proto': 'gopher', 'x-forwarded-host': '' }, null, null],
  // Two trusted proxies, and what the caller wrote itself to the left.
  [
    {
      'x-forwarded-for': '127.0.0.1, 198.51.100.7, 10.0.0.9',
      'x-forwarded-proto': 'https, http, https',
      'x-forwarded-host': 'forged, b.example, inside',
    },
    'http',
    'b.example',
  ],
  // Lists that do not go together: what the nearest proxy wrote.
  [
    { 'x-forwarded-for': '198.51.100.7, 10.0.0.9', 'x-forwarded-proto': 'https, https, http' },
    'http',
    null,
  ],
  [{ forwarded: 'for=198.51.100.7;proto=https;host="b.example:80"' }, 'https', 'b.example:80'],
  [{ forwarded: 'for=1.1.1.1;proto=https, for=198.51.100.7; proto=http ;host=b' }, 'http', 'b'],
  [{ forwarded: 'proto=https' }, 'https', null],
  [{ forwarded: 'for=198.51.100.7;proto=https;proto=http' }, null, null],
  [{ ...XFF, forwarded: 'for=198.51.100.7', 'x-forwarded-proto': 'https' }, 'https', null],
] as const) {
  test(`a trusted proxy's ${JSON.stringify(fields)} is believed like its -For`, () => {
    const call = told(fields);
    assert.deepEqual(typeof call !== 'string' && [call.scheme, call.host], [scheme, host]);
  });
}

test('where the two kinds of headers tell different schemes or hosts, one is the caller’s own', () => {
  const forwarded = 'for=198.51.100.7;proto=http;host=a.example';
  assert.equal(told({ ...XFF, forwarded, 'x-forwarded-proto': 'https' }), 'forwarded-proto');
  assert.equal(told({ ...XFF, forwarded, 'x-forwarded-host': 'b.example' }), 'forwarded-host');
  assert.equal(typeof told({ ...XFF, forwarded, 'x-forwarded-host': 'A.example' }), 'object');
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
