import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, canonicalAddress } from './addresses.ts';

test('only IPv6 has a zone, and an address with anything else behind it is none', () => {
  assert.equal(canonicalAddress('fe80::1%eth0.100'), 'fe80::1');
  for (const text of [
    ...['10.9.9.1%x', '10.9.9.1%25x', '10.9.9.1%', '%10.9.9.1', 'fe80::1%', 'fe80::1%%eth0'],
    ...['fe80::1%eth0 10.0.0.1', 'fe80::1%a,b', 'fe80::1%25eth0%', `fe80::1%${'a'.repeat(33)}`],
  ]) {
    assert.equal(canonicalAddress(text), null, text);
    assert.equal(addressKey(text), 'unknown', text);
  }
});
