import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absoluteTarget, canonicalHost, isSameAuthority } from './authority.ts';

for (const [written, canonical] of [
  ['a.example.', 'a.example'],
  ['a.example.:8443', 'a.example:8443'],
  ['a.example', 'a.example'],
  ['localhost.', 'localhost'],
  ['127.0.0.1.', '127.0.0.1'],
  // No name ends in two dots, and none is a dot.
  ['a.example..', 'a.example..'],
  ['.', '.'],
  ['.:80', '.:80'],
  ['[::1]:80', '[::1]:80'],
  ['[::1].', '[::1].'],
] as const) {
  test(`the host ${written} is ${canonical}`, () => {
    assert.equal(canonicalHost(written), canonical);
  });
}

for (const [target, scheme, authority, origin] of [
  ['http://a.example/x?y=1', 'http', 'a.example', '/x?y=1'],
  ['HTTPS://A.example:8443', 'https', 'A.example:8443', '/'],
  ['http://a.example?y', 'http', 'a.example', '/?y'],
  ['http://u:p@a.example/', 'http', 'u:p@a.example', '/'],
  ['http://a.example//b', 'http', 'a.example', '//b'],
  ['http:///x', 'http', '', '/x'],
  ['http://a.example#x', 'http', 'a.example', '/#x'],
] as const) {
  test(`${target} is ${origin} at ${authority}`, () => {
    assert.deepEqual(absoluteTarget(target), { scheme, authority, origin });
  });
}

for (const target of ['/x', '*', 'a.example:443', 'ftp://a/', 'http:/a', 'ws://a/', ' http://a/']) {
  test(`${target} is not in absolute form`, () => assert.equal(absoluteTarget(target), null));
}

test('authorities are compared without case, the dot at the end and the port of the scheme', () => {
  assert.ok(isSameAuthority('A.example', 'a.example.', 'http'));
  assert.ok(isSameAuthority('a.example:80', 'a.example', 'http'));
  assert.ok(isSameAuthority('a.example', 'a.example.:443', 'https'));
  assert.ok(!isSameAuthority('a.example:80', 'a.example', 'https'));
  assert.ok(!isSameAuthority('a.example:8080', 'a.example', 'http'));
  assert.ok(!isSameAuthority('a.example', 'b.example', 'http'));
  assert.ok(!isSameAuthority('u@a.example', 'a.example', 'http'));
});
