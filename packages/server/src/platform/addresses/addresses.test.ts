import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, splitAddress } from './index.ts';

test('an address is divided at its last colon, and brackets belong to neither part', () => {
  for (const [address, host, port] of [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['[::1]:0', '::1', 0],
    ['gate.example:443', 'gate.example', 443],
  ] as const) {
    assert.deepEqual(splitAddress(address), { host, port });
  }
});

test('nothing that another machine could answer to counts as this one', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1', '[::1]']) {
    assert.equal(isLoopback(host), true, host);
  }
  for (const host of [
    ...['', '0.0.0.0', '::', '[::]', '::2', '[::1', '1', '127.0.0', '127.0.0.1.example'],
    ...['localhost.example', 'notlocalhost', '::ffff:10.0.0.1', '128.0.0.1', '127.0.0.1\n.example'],
    ...['x127.0.0.1', 'localhost\n'],
  ]) {
    assert.equal(isLoopback(host), false, JSON.stringify(host));
  }
});
