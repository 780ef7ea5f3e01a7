import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RequestFacts } from '../../facts.ts';
import { HeaderFields } from '../../header-fields.ts';
import {
  isPrivateAnswerHeader,
  type ShapeOptions,
  upstreamHeaders,
  withoutQueryParameters,
} from './upstream-headers.ts';

const options: ShapeOptions = {
  credentialHeaders: ['x-api-key', 'authorization'],
  credentialCookies: ['session'],
  wantsPlainAnswer: false,
};

function requestOf(flat: readonly string[]): RequestFacts {
  return {
    id: 'call-1',
    nowMs: 0,
    clientAddress: '192.0.2.1',
    method: 'GET',
    path: '/',
    query: '',
    headers: new HeaderFields(flat),
    clientCertificate: null,
    isTls: false,
    hasBody: false,
    isUpgrade: false,
  };
}

const OWN = ['x-forwarded-for', '192.0.2.1', 'x-forwarded-proto', 'http'];

function sent(flat: readonly string[], more: Partial<ShapeOptions> = {}): string[] {
  return upstreamHeaders(requestOf(flat), 'http', null, { ...options, ...more });
}

test('what the caller sent travels as it was, followed by what the gate knows', () => {
  const flat = ['host', 'api.example:8443', 'accept', 'a', 'x-b', '1', 'x-b', '2'];
  assert.deepEqual(sent(flat), [
    ...['accept', 'a', 'x-b', '1', 'x-b', '2', ...OWN],
    ...['x-forwarded-host', 'api.example:8443', 'x-request-id', 'call-1'],
  ]);
});

const NEVER =
  'connection keep-alive proxy-connection proxy-authorization te trailer transfer-encoding upgrade http2-settings content-length expect forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-user x-forwarded-client-cert x-real-ip x-client-ip true-client-ip cf-connecting-ip client-cert x-original-url x-rewrite-url x-http-method-override x-method-override x-request-id poorter-identity poorter-anything x-api-key authorization';

for (const name of NEVER.split(' ')) {
  for (const spelling of new Set([name, name.replaceAll('-', '_'), name.replaceAll('-', '.')])) {
    test(`${spelling} of the caller never reaches the service`, () => {
      const fields = sent(['host', 'a', spelling, 'spoofed']);
      assert.ok(!fields.includes('spoofed'));
    });
  }
}

test('fields that Connection names end here, and cannot take ours along', () => {
  const flat = [
    'host',
    'a',
    'x-hop',
    'h',
    'x-kept',
    'k',
    'connection',
    'close, X-Hop, x-forwarded-for, X-Request-Id',
  ];
  const fields = sent(flat);
  assert.ok(!fields.includes('x-hop'));
  assert.ok(fields.includes('x-kept'));
  assert.equal(fields[fields.indexOf('x-forwarded-for') + 1], '192.0.2.1');
  assert.equal(fields[fields.indexOf('x-request-id') + 1], 'call-1');
});

test('the credential cookie is cut out, others stay', () => {
  const cookie = (value: string) => sent(['cookie', value])[1];
  assert.equal(cookie('a=1; session=secret; b=2'), 'a=1; b=2');
  assert.equal(cookie('a=1;session =secret'), 'a=1');
  assert.deepEqual(sent(['cookie', 'session=secret']).slice(0, 4), OWN);
});

test('an answer that is validated is asked for whole and uncompressed', () => {
  const flat = ['accept-encoding', 'br', 'range', 'bytes=0-1', 'if-range', '"x"'];
  const fields = sent(flat, { wantsPlainAnswer: true });
  assert.deepEqual(fields.slice(0, 2), ['accept-encoding', 'identity']);
  assert.ok(!fields.includes('range') && !fields.includes('if-range') && !fields.includes('br'));
});

for (const [query, names, rest] of [
  ['', ['key'], ''],
  ['a=1&key=s&b=2', ['key'], 'a=1&b=2'],
  ['k%65y=s&a=1', ['key'], 'a=1'],
  ['key', ['key'], ''],
  ['key=1&key=2', ['key'], ''],
  ['a+b=s&c=%zz', ['a b'], 'c=%zz'],
  ['a=%2f&&b', [], 'a=%2f&&b'],
  ['KEY=1', ['key'], 'KEY=1'],
] as const) {
  test(`'${query}' without ${names.join() || 'nothing'} is '${rest}'`, () => {
    assert.equal(withoutQueryParameters(query, names), rest);
  });
}

test('no spelling of a field that the gate writes gets past it', () => {
  const name = fc.constantFrom(
    'x-forwarded-for',
    'poorter-identity',
    'x-api-key',
    'transfer-encoding',
  );
  const separators = fc.array(fc.constantFrom('-', '_', '.'), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(name, separators, (plain, choice) => {
      let index = 0;
      const spelling = plain.replace(/-/g, () => choice[index++ % 3] as string);
      assert.ok(!sent(['host', 'a', spelling, 'spoofed']).includes('spoofed'));
    }),
  );
});

test('answers lose what belongs to the connection or tells strangers what runs behind', () => {
  for (const name of [
    'server',
    'x-powered-by',
    'connection',
    'content-length',
    'poorter-x',
    'x-hop',
  ]) {
    assert.ok(isPrivateAnswerHeader(name, ['x-hop']), name);
  }
  assert.ok(!isPrivateAnswerHeader('etag', []));
});

test('a credential cookie stays here, also where only a lenient service would know it', () => {
  for (const pair of [
    'session=1',
    '\u00a0session=1',
    'session\u00a0=1',
    '"session"=1',
    'session',
  ]) {
    const fields = sent(['host', 'a', 'cookie', `a=1; ${pair};\tb=2`]);
    assert.equal(fields[fields.indexOf('cookie') + 1], 'a=1; b=2', JSON.stringify(pair));
  }
});

test('what surrounds a cookie value beyond space and tab is part of it, and travels', () => {
  const fields = sent(['host', 'a', 'cookie', 'session=1; a=\u00a01\u00a0; b=2']);
  assert.equal(fields[fields.indexOf('cookie') + 1], 'a=\u00a01\u00a0; b=2');
});

test('what a service believes of its proxy cannot be said by a caller, whichever proxy it knows', () => {
  const forged = [
    ...['x-forwarded-tls-client-cert-info', 'x-forwarded-user', 'x-forwarded-email', 'x-forwarded'],
    ...[
      'x-ssl-client-cert',
      'x-ssl-client-verify',
      'x-ssl-client-s-dn',
      'x-ssl-issuer',
      'ssl-cert',
    ],
    ...['ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn', 'x-arr-clientcert'],
    ...['x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-subject', 'x-amzn-tls-version'],
    ...['x-client-cert-dn', 'x-client-verify', 'client-cert', 'client-cert-chain', 'x-client-dn'],
    ...['x-clientcert', 'x-tls-client-cn', 'x-mtls-subject', 'tls-client-cert', 'x-envoy-peer'],
    ...['x-remote-user', 'remote-user', 'x-remote-groups', 'x-auth-request-email'],
    ...['x-authenticated-userid', 'x-consumer-id', 'x-ms-client-principal-name'],
    ...['x-goog-iap-jwt-assertion', 'x-amzn-oidc-identity', 'cf-access-jwt-assertion'],
    ...['x_forwarded_tls_client_cert_info', 'x-ssl_client.verify', 'ssl_client_s_dn'],
  ];
  for (const name of forged) {
    assert.deepEqual(
      sent([name, 'forged']).filter((field) => field === 'forged'),
      [],
      name,
    );
  }
  const innocent = [
    'x-client-id',
    'tpp-signature-certificate',
    'x-request-purpose',
    'psu-ip-address',
  ];
  for (const name of [...innocent, 'x-clients', 'client-info', 'x-sslmode', 'x-consumers']) {
    assert.ok(sent([name, 'kept']).includes('kept'), name);
  }
});
