import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import type { Principal } from '../../facts.ts';
import { addSecurityHeaders } from './security-headers.ts';

const caller: Principal = {
  ...{ kind: 'token', client: 'app', subject: null, issuer: null, scopes: [], roles: [] },
  ...{ credentialId: null, expiresAt: null },
};
const plain: { isTls: boolean; principal: Principal | null } = { isTls: false, principal: null };
function fieldsOf(flat: string[], call = plain): HeaderFields {
  const head: string[] = [];
  addSecurityHeaders(head, new HeaderFields(flat), call.isTls, call.principal);
  return new HeaderFields(head);
}

test('data may not be rendered, a page may, neither in a frame', () => {
  const data = fieldsOf(['content-type', 'application/json']).get('content-security-policy');
  assert.equal(data, "default-src 'none'; frame-ancestors 'none'");
  const page = fieldsOf(['content-type', 'Text/HTML; charset=utf-8']).get(
    'content-security-policy',
  );
  assert.equal(page, "frame-ancestors 'none'");
});

test('what the service decided itself is kept', () => {
  const own = ['cache-control', 'max-age=60', 'content-security-policy', "default-src 'self'"];
  const added = fieldsOf(own, { isTls: true, principal: caller });
  assert.equal(added.has('cache-control'), false);
  assert.equal(added.has('content-security-policy'), false);
  assert.equal(added.get('strict-transport-security'), 'max-age=31536000');
});

test('what a credential unlocked is not left in caches', () => {
  assert.equal(fieldsOf([], { isTls: false, principal: caller }).get('cache-control'), 'no-store');
  assert.equal(fieldsOf([]).has('cache-control'), false);
});

test('what somebody reads by a cookie is kept for nobody else, unless the service says for whom', () => {
  const principal = { ...caller, isBySession: true } as const;
  const added = (...said: string[]) =>
    fieldsOf(
      said.flatMap((one) => ['cache-control', one]),
      { isTls: false, principal },
    ).get('cache-control');
  for (const said of ['max-age=60', 'immutable, max-age=9', 'x-public=1', '']) {
    assert.equal(added(said), 'private', said);
  }
  for (const said of [
    'private',
    'no-store',
    'max-age=1, PUBLIC',
    's-maxage=5',
    'must-revalidate',
  ]) {
    assert.equal(added(said), undefined, said);
  }
  assert.equal(added('max-age=60', 'no-store'), undefined);
  assert.equal(added(), 'no-store');
});
