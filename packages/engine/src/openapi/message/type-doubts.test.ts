import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, openOperation, told } from '../testing.ts';
import { check, FORM, MULTIPART, multipart, optional, withForm } from './form-fields.fixture.ts';

const text = { schema: { type: 'string' } };
const binary = { schema: { type: 'string', format: 'binary' } };
const operation = openOperation({
  requestBody: {
    content: {
      'application/json': { schema: { type: 'object', properties: { a: {} } } },
      'application/vnd.api+json': {},
      'application/vnd.shop+json; ext=xml': {},
      'application/vnd.shop+json; charset*=x': {},
      [FORM]: { schema: { type: 'object' } },
      'application/soap+xml': {},
      'application/xml': {},
      'text/plain': text,
      'text/csv': binary,
      'application/octet-stream': binary,
      'application/vnd.google.protobuf': binary,
      'multipart/related': { schema: { type: 'object' } },
      'multipart/mixed': {},
    },
  },
});

/** What is said of the Content-Type alone. */
const ofType = (type: string) => {
  const expected = operation.expectBody(headers('content-type', type), true);
  return expected.kind === 'unsupported' ? told([expected.violation]) : '';
};

const refusesAll = (types: readonly string[]) => {
  for (const type of types) {
    assert.match(ofType(type), /^content-type {2}(?:parameter|content-type|charset)$/, type);
  }
};

test('no extended or continued parameter switches the charset behind what was checked', () => {
  for (const type of ['application/json', FORM, 'text/plain', 'application/octet-stream']) {
    for (const parameter of [
      "charset*=utf-8''utf-7",
      'charset*=utf-7',
      'charset*0=utf-7',
      "charset*0*=utf-8''utf-7",
      'charset*0=utf; charset*1=-7',
      'CharSet*=utf-7',
      "x*=utf-8''json",
      '*=utf-7',
    ]) {
      for (const whole of [
        `${type}; ${parameter}`,
        `${type};charset=utf-8;${parameter}`,
        `${type}; ${parameter}; charset=utf-8`,
      ]) {
        assert.equal(ofType(whole), 'content-type  parameter', whole);
      }
    }
  }
  // Not even where a description has it.
  assert.equal(ofType('application/vnd.shop+json; charset*=x'), 'content-type  parameter');
});

test('a part does not switch its charset, kind or name by a parameter either', () => {
  const form = openOperation({
    requestBody: {
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            properties: { note: { type: 'string' }, o: { type: 'object' }, f: binary.schema },
          },
        },
      },
    },
  });
  const part = (name: string, type: string, content: string, file = '') =>
    check(form, MULTIPART, multipart([`name="${name}"${file}\r\nContent-Type: ${type}`, content]));
  for (const [type, expected] of [
    ['text/plain', ''],
    ['text/plain; charset=UTF-8', ''],
    ['text/plain; charset=utf-8; format=flowed; delsp=yes', ''],
    ["text/plain; charset*=utf-8''utf-7", 'body /note parameter'],
    ['text/plain; charset*0=utf-7', 'body /note parameter'],
    ['text/plain; x=json', 'body /note parameter'],
    ['text/plain; name="amount"', 'body /note parameter'],
    ['text/plain; filename=x', 'body /note parameter'],
    ['text/plain; x="; charset=utf-7"', 'body /note parameter'],
  ] as const) {
    assert.equal(part('note', type, 'x'), expected, type);
  }
  assert.equal(part('o', 'application/json', '{}'), '');
  assert.equal(part('o', 'application/json;charset=UTF-8', '{}'), '');
  assert.equal(part('o', 'application/json; charset*=utf-7', '{}'), 'body /o parameter');
  const file = '; filename="a.csv"';
  assert.equal(part('f', 'text/csv; charset=windows-1252; header=present', 'x', file), '');
  assert.equal(part('f', 'text/csv; charset*=utf-7', 'x', file), 'body /f parameter');
  assert.equal(part('f', 'image/png; x=urlencoded', 'x', file), 'body /f parameter');
});

test('a form or multipart body is not read as another kind by who searches the whole header', () => {
  refusesAll(
    [
      ...['x=json', 'x=multipart', 'json=1', 'x="application/json"', 'x=JSON', 'type=octet-stream'],
      ...['boundary=XX', 'version=1', 'q=1', 'encoding=utf-8'],
    ].map((parameter) => `${FORM}; ${parameter}`),
  );
  assert.equal(ofType(FORM), '');
  assert.equal(ofType(`${FORM};charset=UTF-8`), '');
  assert.equal(ofType(`${FORM}; charset="utf-8"`), '');
  assert.equal(ofType(`${FORM};`), '');
  for (const parameter of ['x=json', 'type=json', 'x=1', "boundary*=utf-8''YY", 'boundary*0=YY']) {
    const body = multipart(['name="amount"', '1']);
    assert.equal(check(withForm(optional), `${MULTIPART}; ${parameter}`, body), 'body  boundary');
    // Nor where nothing reads it here.
    assert.equal(ofType(`multipart/mixed; boundary=XX; ${parameter}`), 'content-type  boundary');
  }
});

test('a boundary names no kind of body, and those of browsers and libraries are accepted', () => {
  const accepted = (boundary: string) =>
    check(
      withForm(optional),
      `multipart/form-data; boundary="${boundary}"`,
      multipart(['name="amount"', '1']).replaceAll('--XX', `--${boundary}`),
    );
  for (const boundary of [
    ...['json', 'JSON', 'xjsonx', '--json--', 'octet-stream', 'octet_stream', 'aoctet-streamb'],
    ...['urlencoded', 'x-www-form', 'xml', 'yaml', 'application/json', 'text/xml'],
    ...['json----------------------------123456789012345678901234', '12345678901234567890-json-1'],
    '----WebKitFormBoundaryurlencoded1234',
  ]) {
    assert.equal(accepted(boundary), 'body  boundary', boundary);
  }
  for (const boundary of [
    '----WebKitFormBoundary7MA4YWxkTrZu0gW',
    // Chance.
    '----WebKitFormBoundaryAjSoN4YWxkTrXmLg',
    '----geckoformboundaryd3a9a6c2a7a4b3f5e1c8d7b6a5f4e3d2',
    '---------------------------974767299852498929531610575',
    '--------------------------123456789012345678901234',
    '------------------------d74496d66958873e',
    'd74496d66958873ed74496d66958873e',
    'axios-1.7.9-boundary-Q2w3E4r5T6y7U8i9O0pAsDfGh',
    'form-data-boundary-0b9xk2p1q7w8e3r4',
    '----formdata-undici-054281937465',
    '----formdata-polyfill-0.123456789',
    '-----------RubyMultipartPost-a1b2c3d4e5f6a7b8',
    '----RubyFormBoundaryYbQ2mXkzT8aV1cWd',
    '--cpp-httplib-multipart-data-MoLJ83PdYtnkP5sj',
    'dart-http-boundary-+FkzTgXmLbqjSoN.w_5cVtYpQ-',
    '----=_Part_0_1330041134.1669813254511',
    '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
    'xYzZY',
    'alamofire.boundary.9f8e7d6c5b4a3928',
    'boundary_.oOo._MjM1NjQyNzc2MTQ1',
  ]) {
    assert.equal(accepted(boundary), '', boundary);
  }
});

test('other types carry no parameter that speaks of another kind, of charsets or of limits', () => {
  refusesAll(
    [
      ...[
        'x=urlencoded',
        'x="application/x-www-form-urlencoded"',
        'x="multipart/form-data"',
        'x=form',
      ],
      ...[
        'x=octet-stream',
        'urlencoded=1',
        'x=formdata',
        'form-data=1',
        'x=xml',
        'x=yaml',
        'x=YML',
      ],
      ...['x="text/html"', 'x=text', 'boundary=XX', 'xboundary=XX', 'x="boundary=XX"', 'x=csv'],
      ...['xcharset=utf-7', 'accept-charset=utf-7', 'x="charset=utf-7"', 'encoding=utf-7'],
      ...['x-encoding=utf-7', 'x="; charset=utf-7"', 'x="a, text/xml"', 'x="a\\"b"', 'x="a\\b"'],
      ...[
        'x="=?utf-8?q?form?="',
        'x="\u00e9"',
        'charset=urlencoded',
        'charset="utf\\-8"',
        'v="a\tb"',
      ],
      ...['v=1;; w=2', '\tv=1', 'v=1; ; w=2', 'v=1; v=1', 'charset=utf-8; Charset=utf-8'],
    ].map((parameter) => `application/json; ${parameter}`),
  );
  refusesAll([
    ...['application/xml; x=json', 'text/plain; x=json', 'text/plain; x=urlencoded'],
    ...['application/octet-stream; x=urlencoded', 'application/octet-stream; name="a.json"'],
    ...[
      'application/octet-stream; boundary=XX',
      'application/json (form)',
      'application/json, text/xml',
    ],
    ...['application/json; charset =utf-8', 'application/json; charset= utf-8'],
    ...['application/json; charset=utf-8 (x)', 'application/json; charset'],
  ]);
});

test('parameters that clients write pass, and so does what the description has itself', () => {
  for (const type of [
    'application/json;odata=verbose',
    'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false',
    'application/json; version=1',
    'application/json; charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json;CHARSET=utf8',
    'application/json ; charset=utf-8',
    'application/json; charset=utf-8;',
    'application/json; encoding=utf-8',
    'application/json; profile="https://platform.example.com/information/v1?a=b#c"',
    'application/json; profile="https://www.w3.org/ns/activitystreams https://example.org/x.html"',
    'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"',
    'application/vnd.api+json; profile="https://example.com/last-modified"',
    'application/vnd.shop+json; ext=xml',
    'application/soap+xml; charset=utf-8; action="http://tempuri.org/IService/GetData"',
    'text/plain; format=flowed; delsp=yes; charset=utf-8',
    'text/csv; header=present; charset=windows-1252',
    'application/octet-stream; name="photo.png"',
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
    'multipart/related; boundary=XX; type="application/xop+xml"; start="<root@example.com>"; start-info="text/xml"',
    'multipart/related; boundary=XX; type="application/json"',
    'multipart/mixed; boundary=XX; charset=utf-8',
  ]) {
    assert.equal(ofType(type), '', type);
  }
  assert.equal(ofType('application/vnd.shop+json; ext=yaml'), 'content-type  content-type');
  assert.match(
    check(operation, 'multipart/related; boundary=XX; type=urlencoded', multipart()),
    /body {2}boundary/,
  );
});

test('under a range, no type of two kinds is read as one of them', () => {
  const open = openOperation({
    requestBody: { content: { '*/*': {}, 'application/x+yaml+json': {} } },
  });
  const of = (type: string) => open.expectBody(headers('content-type', type), true).kind;
  for (const type of [
    'application/x-www-form-urlencoded+json',
    'application/json+xml',
    'application/octet-stream+json',
    'multipart/json',
    'application/form-data+json',
  ]) {
    assert.equal(of(type), 'unsupported', type);
  }
  for (const type of [
    'application/json',
    'application/json-patch+json',
    'multipart/form-data; boundary=XX',
    FORM,
    'application/octet-stream',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/x+yaml+json',
    'text/xml',
  ]) {
    assert.notEqual(of(type), 'unsupported', type);
  }
});
