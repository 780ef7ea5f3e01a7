import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '@poorter/engine';
import { HeaderFields } from '@poorter/openapi/checks';
import type { GateSessionsSnapshot } from '../../messages/gate-sessions.ts';
import { SessionCookies } from './session-cookies.ts';

const SESSION = 's'.repeat(43);
const terms = (origin: string, prefix: string) =>
  ({
    ...{ origin, cookie: `${prefix}poorter-gate`, signInCookie: `${prefix}poorter-gate-sign-in` },
  }) as GateSessionsSnapshot;
const cookies = new SessionCookies(terms('https://api.example', '__Host-Http-'));
const request = (...fields: string[]) =>
  ({ headers: new HeaderFields(fields.flatMap((one) => ['cookie', one])) }) as RequestFacts;

test('over TLS a cookie is of this host alone, of no script, and of no other site', () => {
  assert.deepEqual(cookies.begin(SESSION), [
    'set-cookie',
    `__Host-Http-poorter-gate=${SESSION}; Path=/; HttpOnly; Secure; SameSite=Strict`,
  ]);
  assert.deepEqual(cookies.leave(SESSION, 600), [
    'set-cookie',
    `__Host-Http-poorter-gate-sign-in=${SESSION}; Path=/; HttpOnly; Secure; Max-Age=600; SameSite=Lax`,
  ]);
  assert.match(
    String(cookies.end()[1]),
    /^__Host-Http-poorter-gate=; .*; Secure; .*Max-Age=0; Expires=/,
  );
});

test('a cookie that a sibling of this host has set beside it is none, and neither is one of two', () => {
  const ours = `__Host-Http-poorter-gate=${SESSION}`;
  assert.equal(cookies.sessionOf(request(`a=b; ${ours}`)), SESSION);
  for (const fields of [
    ...[
      ['poorter-gate=x'],
      [`${ours}; ${ours}`],
      [ours, `__Host-Http-poorter-gate=${'t'.repeat(43)}`],
    ],
    ...[[`"__Host-Http-poorter-gate"=x; ${ours}`], ['__Host-Http-poorter-gate=x'], ['']],
  ]) {
    assert.equal(cookies.sessionOf(request(...fields)), undefined, fields.join());
  }
});
