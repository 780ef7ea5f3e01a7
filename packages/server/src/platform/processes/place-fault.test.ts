import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeFault } from './place-fault.ts';

const faultOf = (code: string, host = '127.0.0.1') =>
  placeFault(
    { host, port: 443, key: 'listen.0.address' },
    Object.assign(new Error('native'), { code }),
  );

test('a place that cannot be had is named by address, key and cause, whatever the cause', () => {
  for (const [code, why] of [
    ['EADDRINUSE', /the address is in use \(/],
    ['EACCES', /ports below 1024 need CAP_NET_BIND_SERVICE/],
    ['EADDRNOTAVAIL', /this machine has no such address/],
    ['EAFNOSUPPORT', /does not speak this kind of address/],
    ['ENOTFOUND', /the name has no address/],
    ['EAI_AGAIN', /the name cannot be resolved/],
    ['ESOMETHING', /native/],
  ] as const) {
    const { message } = faultOf(code);
    assert.match(message, new RegExp(`^listening on 127\\.0\\.0\\.1:443: ${code}: `));
    assert.match(message, why);
    assert.match(message, /\(listen\.0\.address\)$/);
  }
  assert.match(faultOf('EADDRINUSE', '::1').message, /^listening on \[::1\]:443: /);
});
