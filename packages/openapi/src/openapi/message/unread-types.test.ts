import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, expect, payment, string, withBody } from './bodies.fixture.ts';

test('JSON that says it is signed or encrypted does not pass by the schema that other types have', () => {
  const operation = withBody({
    'application/json': { schema: payment },
    'application/jose+jwe': { schema: payment },
    'application/jwt': { schema: payment },
    'application/secevent+jwt': {},
  });
  const jws = 'eyJhbGciOiJQUzI1NiJ9.eyJhbW91bnQiOi0xfQ.c2lnbmF0dXJl';
  const jwe = 'eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.Y2lwaGVydGV4dA.dGFn';
  // A payload that travels elsewhere (RFC 7515 Appendix F), and a direct key (RFC 7516 §5.1).
  const [detached, direct] = ['eyJhbGciOiJFUzI1NiJ9..c2ln', 'eyJhbGciOiJkaXIifQ..aXY.Yw.dGFn'];
  const cases: readonly (readonly [string, string, string])[] = [
    ['application/jose+jwe', jwe, ''],
    ['application/jose+jwe', direct, ''],
    ['application/jose+jwe', jws, 'body  jose'],
    ['application/jose+jwe', '{"amount":"x"}', 'body  jose'],
    ['application/jose+jwe', ` ${jwe}`, 'body  jose'],
    ['application/jose+jwe', `${jwe}\n`, 'body  jose'],
    ['application/jwt', jws, ''],
    ['application/jwt', detached, ''],
    ['application/jwt', jwe, ''],
    ['application/jwt', '"a.b.c"', 'body  jose'],
    ['application/jwt', 'a.b', 'body  jose'],
    ['application/jwt', 'a.b.c.d', 'body  jose'],
    ['application/jwt', '.b.c', 'body  jose'],
    ['application/jwt', 'amount=x&b.c.d', 'body  jose'],
    ['application/secevent+jwt', jws, ''],
    ['application/secevent+jwt', '[]', 'body  jose'],
  ];
  for (const [type, body, expected] of cases) {
    assert.equal(check(operation, type, body), expected, `${type} ${body}`);
  }
  assert.equal(expect(operation, ['content-type', 'application/jwt; charset=utf-8']), 'validate');
  assert.equal(check(operation, 'application/jwt', ''), 'body  required');
  const range = withBody({ 'application/*': { schema: payment } });
  assert.equal(expect(range, ['content-type', 'application/jwt']), 'content-type  content-type');
});

test('JSON does not pass by its schema under a type that nothing here parses: services read it under any', () => {
  const operation = withBody({
    'application/json': { schema: payment },
    'text/plain': { schema: payment },
    'text/csv': { schema: { type: 'array', items: payment } },
    'application/yaml': { schema: payment },
    'application/octet-stream': { schema: payment },
    'application/x-ndjson': { schema: payment },
    'text/html': { schema: string },
    'image/png': { schema: { type: 'string', format: 'binary' } },
  });
  const bad = '/amount type';
  const cases: readonly (readonly [string, string, string])[] = [
    ['text/plain', '{"amount":1}', ''],
    ['text/plain', '{"amount":"x"}', bad],
    ['text/plain', ' \r\n{"amount":"x"}', bad],
    ['text/plain', '\ufeff{"amount":"x"}', bad],
    ['text/plain', '{"amount":1,"amount":"x"}', '/amount json-duplicate-key'],
    // Whoever reads the first value alone has read this.
    ['text/plain', '{"amount":"x"}, and more', 'body  json-syntax'],
    ['text/plain', '[INFO] a line', ''],
    ['text/plain', 'amount: x', ''],
    ['text/csv', 'amount\nx', ''],
    ['text/csv', '[{"amount":"x"}]', '/0/amount type'],
    ['text/csv', '{1},2', ''],
    ['application/yaml', '{amount: 1}', ''],
    ['application/yaml', 'amount: 1', ''],
    ['application/yaml', '{"amount":"x"}', bad],
    ['application/octet-stream', '{"amount":"x"}', bad],
    ['application/octet-stream', '\u0000\u0001', ''],
    ['text/html', '{"amount":"x"}', ''],
    ['image/png', '{"amount":"x"}', ''],
  ];
  for (const [type, body, expected] of cases) {
    const found = check(operation, type, body);
    assert.ok(
      expected === '' ? found === '' : found.includes(expected),
      `${type} ${body}: ${found}`,
    );
  }
  const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
  assert.equal(check(operation, 'text/plain', latin1('[INFO] caf\xe9')), '', 'no JSON at all');
  for (const type of ['text/plain', 'application/yaml']) {
    const found = check(operation, type, latin1('{"amount":"\xe9"}'));
    assert.match(found, /json-encoding/, type);
  }
  assert.equal(expect(operation, ['content-type', 'application/x-ndjson']), 'stream');
  assert.equal(expect(operation, ['content-type', 'image/png']), 'stream');
  const utf16 = 'text/plain; charset=utf-16';
  assert.equal(expect(operation, ['content-type', utf16]), 'content-type  charset');
});

test('application/*+json is what ASP.NET describes: every type of that suffix, and no other', () => {
  const operation = withBody({
    'application/*+json': { schema: payment },
    'application/ld+json': { schema: string },
    'application/*': { schema: string },
  });
  assert.equal(check(operation, 'application/vnd.a+json', '{"amount":1}'), '');
  assert.notEqual(check(operation, 'application/vnd.a+json', '{"amount":"x"}'), '');
  assert.equal(check(operation, 'application/ld+json', '"text"'), '');
  assert.equal(check(operation, 'application/json', '"text"'), '');
  const alone = withBody({ 'application/*+json': { schema: payment } });
  for (const type of [
    'application/json',
    'text/a+json',
    'application/a+xml',
    'application/+json',
  ]) {
    const expected = type === 'application/+json' ? 'validate' : 'content-type  content-type';
    assert.equal(expect(alone, ['content-type', type]), expected, type);
  }
});
