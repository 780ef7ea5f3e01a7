import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import { addSecurityHeaders } from './security-headers.ts';

const plain = { isTls: false, isAuthenticated: false };
function fieldsOf(flat: string[], call = plain): HeaderFields {
  const head: string[] = [];
  addSecurityHeaders(head, new HeaderFields(flat), call.isTls, call.isAuthenticated);
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
  const added = fieldsOf(own, { isTls: true, isAuthenticated: true });
  assert.equal(added.has('cache-control'), false);
  assert.equal(added.has('content-security-policy'), false);
  assert.equal(added.get('strict-transport-security'), 'max-age=31536000');
});

test('what a credential unlocked is not left in caches', () => {
  assert.equal(
    fieldsOf([], { isTls: false, isAuthenticated: true }).get('cache-control'),
    'no-store',
  );
  assert.equal(fieldsOf([]).has('cache-control'), false);
});
