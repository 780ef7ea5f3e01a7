import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setsOwnCookie } from './own-cookies.ts';

const ownCookies = ['__Host-Http-poorter-gate', '__Host-Http-poorter-gate-sign-in'];

test('a cookie that browsers would keep as one of ours is one, however it is written', () => {
  for (const field of [
    ...[
      '__Host-Http-poorter-gate=x; Path=/',
      '__host-http-Poorter-Gate=x',
      ' __Host-Http-poorter-gate =x',
    ],
    ...[
      '=__Host-Http-poorter-gate=x',
      ' = __Host-Http-poorter-gate=x',
      '__Host-Http-poorter-gate',
      '=__Host-Http-poorter-gate',
    ],
    '__Host-Http-poorter-gate-sign-in=; Max-Age=0',
  ]) {
    assert.equal(setsOwnCookie(field, { ownCookies }), true, field);
    assert.equal(setsOwnCookie(field, {}), false, 'where there are none');
  }
  for (const field of [
    'theirs=__Host-Http-poorter-gate=x',
    'x__Host-Http-poorter-gate=x',
    'poorter-gate=x',
    '',
    '=',
  ]) {
    assert.equal(setsOwnCookie(field, { ownCookies }), false, field);
  }
});
