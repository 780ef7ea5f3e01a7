import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import fc from 'fast-check';
import { bodyTooLarge } from '../../policy.ts';
import { checkHead, type RequestHead } from './protocol-hygiene.ts';

const bounds = { headerBytesMax: 1_000, headerCountMax: 20, targetBytesMax: 100 };
const HOST = ['Host', 'a.example'];

function check(rawHeaders: readonly string[], more: Partial<RequestHead> = {}) {
  const head = { method: 'GET', target: '/', httpVersionMajor: 1, httpVersionMinor: 1 };
  return checkHead({ ...head, rawHeaders, ...more }, bounds);
}

function codeOf(rawHeaders: readonly string[], more: Partial<RequestHead> = {}): string {
  const checked = check(rawHeaders, more);
  return checked instanceof HeaderFields ? 'accepted' : checked.code;
}

test('names become lower-case, values and order stay', () => {
  const fields = check([...HOST, 'X-B', ' b'.trim(), 'X-A', 'a  b']);
  assert.ok(fields instanceof HeaderFields);
  assert.deepEqual(fields.flat, ['host', 'a.example', 'x-b', 'b', 'x-a', 'a  b']);
});

const SINGLETONS =
  'authorization content-type content-length transfer-encoding content-encoding content-range expect range upgrade proxy-authorization if-modified-since if-unmodified-since max-forwards referer user-agent from date origin if-range content-location access-control-request-method sec-websocket-key dpop';
for (const name of SINGLETONS.split(' ')) {
  test(`${name} twice is ambiguous, also with equal values`, () => {
    const value = name === 'transfer-encoding' ? 'chunked' : '1';
    assert.equal(codeOf([...HOST, name, value, name.toUpperCase(), value]), 'ambiguous_request');
  });
  test(`a look-alike of ${name} is ambiguous`, () => {
    if (!name.includes('-')) return;
    assert.equal(codeOf([...HOST, name.replace('-', '_'), '1']), 'ambiguous_request');
    assert.equal(codeOf([...HOST, name.replace('-', '.'), '1']), 'ambiguous_request');
  });
}

test('a list on two lines is one list, so that nobody takes one line for the whole', () => {
  const lists = 'accept accept-language if-none-match cache-control forwarded prefer baggage';
  for (const name of lists.split(' ')) {
    const fields = check([...HOST, name, 'a', 'X-B', 'b', name.toUpperCase(), '', name, 'c, d']);
    assert.ok(fields instanceof HeaderFields);
    assert.deepEqual(fields.flat, ['host', 'a.example', name, 'a, , c, d', 'x-b', 'b'], name);
  }
});

test('other fields that may repeat are kept apart', () => {
  const fields = check([...HOST, 'X-Ids', '1', 'X-Ids', '2']);
  assert.ok(fields instanceof HeaderFields);
  assert.deepEqual(fields.all('x-ids'), ['1', '2']);
});

test('cookies on several lines go on as one, so that nobody joins them with a comma', () => {
  const fields = check([...HOST, 'Cookie', 'a=b', 'X', '1', 'cookie', 'c=<d>', 'Cookie', 'e=f']);
  assert.ok(fields instanceof HeaderFields);
  assert.deepEqual(fields.all('cookie'), ['a=b; c=<d>; e=f']);
});

const CASES: readonly [
  what: string,
  fields: string[],
  code: string,
  more?: Partial<RequestHead>,
][] = [
  ['no Host in 1.1', [], 'malformed_request'],
  ['no Host in 1.0', [], 'accepted', { httpVersionMinor: 0 }],
  ['two Hosts', [...HOST, ...HOST], 'ambiguous_request'],
  ['an empty Host', ['Host', ''], 'malformed_request'],
  ['a Host with user information', ['Host', 'u@a.example'], 'malformed_request'],
  ['a Host with a path', ['Host', 'a.example/b'], 'malformed_request'],
  ['two hosts in one field', ['Host', 'a.example, b.example'], 'malformed_request'],
  ['a Host with a port', ['Host', 'a.example:8443'], 'accepted'],
  ['a Host with a long port', ['Host', 'a.example:123456'], 'malformed_request'],
  ['a Host with a named port', ['Host', 'a.example:http'], 'malformed_request'],
  ['an IPv6 Host', ['Host', '[::1]:80'], 'accepted'],
  ['an unclosed IPv6 Host', ['Host', '[::1'], 'malformed_request'],
  ['a Host with an escape', ['Host', 'a%2eexample'], 'malformed_request'],
  ['HTTP/1.2', HOST, 'malformed_request', { httpVersionMinor: 2 }],
  ['HTTP/2.0', HOST, 'malformed_request', { httpVersionMajor: 2, httpVersionMinor: 0 }],
  ['HTTP/0.9', HOST, 'malformed_request', { httpVersionMajor: 0, httpVersionMinor: 9 }],
  ['a lower-case method', HOST, 'malformed_request', { method: 'get' }],
  ['a method with a hyphen', HOST, 'malformed_request', { method: 'M-SEARCH' }],
  ['CONNECT', HOST, 'method_not_allowed', { method: 'CONNECT' }],
  ['a target at the bound', HOST, 'accepted', { target: `/${'a'.repeat(99)}` }],
  ['a target over the bound', HOST, 'target_too_long', { target: `/${'a'.repeat(100)}` }],
  ['an empty name', [...HOST, '', 'x'], 'malformed_request'],
  ['a blank in a name', [...HOST, 'a b', 'x'], 'malformed_request'],
  ['a colon in a name', [...HOST, 'a:b', 'x'], 'malformed_request'],
  ['a NUL in a value', [...HOST, 'a', 'x\0y'], 'malformed_request'],
  ['a CR in a value', [...HOST, 'a', 'x\ry'], 'malformed_request'],
  ['an LF in a value', [...HOST, 'a', 'x\ny'], 'malformed_request'],
  ['a DEL in a value', [...HOST, 'a', 'x\x7fy'], 'malformed_request'],
  ['a blank before a value', [...HOST, 'a', ' x'], 'malformed_request'],
  ['a tab inside a value', [...HOST, 'a', 'x\ty'], 'accepted'],
  ['obs-text in a value', [...HOST, 'a', 'caf\xe9'], 'accepted'],
  ['an empty value', [...HOST, 'a', ''], 'accepted'],
  ['many fields', [...HOST, ...Array(20).fill(['a', 'b']).flat()], 'headers_too_large'],
  ['many bytes', [...HOST, 'a', 'b'.repeat(990)], 'headers_too_large'],
  [
    'Content-Length beside Transfer-Encoding',
    [...HOST, 'content-length', '1', 'transfer-encoding', 'chunked'],
    'ambiguous_request',
  ],
  ['Content-Length +1', [...HOST, 'content-length', '+1'], 'malformed_request'],
  ['Content-Length -1', [...HOST, 'content-length', '-1'], 'malformed_request'],
  ['Content-Length 0x1', [...HOST, 'content-length', '0x1'], 'malformed_request'],
  ['Content-Length 1,1', [...HOST, 'content-length', '1, 1'], 'malformed_request'],
  ['an endless Content-Length', [...HOST, 'content-length', '9'.repeat(16)], 'malformed_request'],
  ['Transfer-Encoding Chunked', [...HOST, 'transfer-encoding', 'Chunked'], 'accepted'],
  ['Transfer-Encoding xchunked', [...HOST, 'transfer-encoding', 'xchunked'], 'malformed_request'],
  ['gzip, chunked', [...HOST, 'transfer-encoding', 'gzip, chunked'], 'malformed_request'],
  ['chunked, identity', [...HOST, 'transfer-encoding', 'chunked, identity'], 'malformed_request'],
  [
    'Transfer-Encoding in 1.0',
    [...HOST, 'transfer-encoding', 'chunked'],
    'ambiguous_request',
    { httpVersionMinor: 0 },
  ],
];

for (const [what, fields, code, more] of CASES) {
  test(`${what}: ${code}`, () => assert.equal(codeOf(fields, more), code));
}

test('a field that Connection names is gone before anyone decides by it', () => {
  const fields = check([
    ...HOST,
    'X-Api-Key',
    'k',
    'X-Other',
    'o',
    'Connection',
    'close, X-API-KEY',
  ]);
  assert.ok(fields instanceof HeaderFields);
  assert.equal(fields.get('x-api-key'), undefined);
  assert.equal(fields.get('x-other'), 'o');
});

for (const name of ['authorization', 'content-type', 'cookie', 'host', 'x-forwarded-for']) {
  test(`Connection cannot name ${name}`, () => {
    const fields = name === 'host' ? HOST : [...HOST, name, 'x'];
    assert.equal(codeOf([...fields, 'Connection', name]), 'ambiguous_request');
  });
}

test('Connection may name what belongs to the connection', () => {
  for (const name of ['te', 'upgrade', 'keep-alive', 'trailer', 'x-absent']) {
    assert.equal(
      codeOf([...HOST, 'te', 'trailers', 'upgrade', 'h2c', 'connection', name]),
      'accepted',
    );
  }
});

test('whatever is accepted can be written to a wire and read back as the same list', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'B', '-', '_', ' ', '\t', '\r', '\n', ':', '\0', 'é'),
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), (pairs) => {
      const fields = check([...HOST, ...pairs.flat()]);
      if (!(fields instanceof HeaderFields)) return;
      const lines = fields.flat.flatMap((name, index) =>
        index % 2 === 0 ? [`${name}: ${fields.flat[index + 1]}`] : [],
      );
      const back = lines
        .join('\r\n')
        .split('\r\n')
        .flatMap((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
        });
      assert.deepEqual(back, fields.flat);
    }),
    { numRuns: 3_000 },
  );
});

test('whoever sends too much is told how much is taken', () => {
  const expectedOf = (fields: string[], more: Partial<RequestHead> = {}): unknown => {
    const checked = check(fields, more);
    return checked instanceof HeaderFields ? undefined : checked.details?.['expected'];
  };
  assert.equal(expectedOf([...HOST, ...Array(20).fill(['a', 'b']).flat()]), 'at most 20 fields');
  assert.equal(expectedOf([...HOST, 'a', 'b'.repeat(990)]), 'at most 1000 bytes');
  assert.equal(expectedOf(HOST, { target: `/${'a'.repeat(100)}` }), 'at most 100 bytes');
  assert.deepEqual(bodyTooLarge(5).details, { expected: 'at most 5 bytes' });
});
