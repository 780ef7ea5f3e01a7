import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, utf8 } from '../testing.fixture.ts';
import type { MessageViolation } from '../types.ts';
import { EXPECTED } from './expected.ts';

const integer = { type: 'integer' };
const string = { type: 'string' };
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

const schema = {
  type: 'object',
  required: ['n'],
  properties: {
    n: integer,
    s: string,
    r: { type: 'integer', readOnly: true },
    json: { type: 'object', properties: { l: { type: 'array', items: integer } } },
    xml: string,
    deep: { type: 'object', properties: { a: integer } },
    file: { type: 'string', format: 'binary' },
  },
};
const root = {
  type: 'object',
  xml: { name: 'root' },
  properties: { a: integer, b: { ...integer, xml: { namespace: 'urn:b' } } },
};

const operation = openOperation(
  {
    parameters: [
      { name: 'q', in: 'query', required: true, schema: integer },
      {
        name: 'd',
        in: 'query',
        style: 'deepObject',
        schema: { type: 'object', properties: { a: integer } },
      },
      {
        ...{ name: 'l', in: 'query', explode: false },
        schema: { type: 'array', items: integer },
      },
      {
        ...{ name: 'w', in: 'query', explode: false },
        schema: { type: 'array', items: { type: 'string', minLength: 2 } },
      },
      { name: 'c', in: 'cookie', required: true, schema: string },
      { name: 'short', in: 'cookie', schema: { type: 'string', minLength: 3, maxLength: 5 } },
      { name: 'cj', in: 'cookie', content: { 'application/json': { schema: {} } } },
      { name: 'x-h', in: 'header', required: true, schema: integer },
    ],
    requestBody: {
      content: {
        [FORM]: {
          schema,
          encoding: { xml: { contentType: 'application/xml' }, deep: { style: 'deepObject' } },
        },
        [MULTIPART]: {
          schema,
          encoding: {
            xml: { contentType: 'application/xml' },
            n: { headers: { 'X-N': { required: true, schema: integer } } },
          },
        },
        'multipart/mixed': { schema },
        'application/xml': { schema: root },
        'text/xml': { schema: {} },
        'application/json-seq': { schema: { type: 'object' } },
        'application/jwt': { schema },
        'application/yaml': { schema },
      },
    },
  },
  { strictProperties: true },
);

const form = (body: string, bounds = BOUNDS) =>
  operation.checkBody(headers('content-type', FORM), utf8(body), bounds).violations;

const multipart = (body: string, type = `${MULTIPART}; boundary=XX`, bounds = BOUNDS) =>
  operation.checkBody(headers('content-type', type), Buffer.from(body, 'latin1'), bounds)
    .violations;

const part = (head: string, body = '1') =>
  `--XX\r\nContent-Disposition: ${head}\r\n\r\n${body}\r\n--XX--`;
const named = (name: string, body: string) => multipart(part(`form-data; name="${name}"`, body));

const parameters = (query: string, cookie?: string) =>
  operation.checkParameters(
    parts({
      query,
      headers: headers('x-h', '1', ...(cookie === undefined ? [] : ['cookie', cookie])),
    }),
  );

const xml = (text: string) =>
  operation.checkBody(headers('content-type', 'application/xml'), utf8(text), BOUNDS).violations;

const small = { ...BOUNDS, itemsMax: 2, stringLengthMax: 5, depthMax: 2 };

const many = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join('');

/** At least one message for every rule of the table. */
const broken: readonly (readonly MessageViolation[])[] = [
  parameters(''),
  parameters('q=1'),
  parameters('q=1&zz=1', 'c=a'),
  parameters('q=1&q=2', 'c=a; c=b'),
  parameters('q=%zz', 'c=%zz'),
  parameters('q=1;n=2', 'c=a'),
  parameters('q=1&d[a][b]=1', 'c=a'),
  parameters('q=1&w=aa%2Cb', 'c=a'),
  parameters('q=1&w=a%20,bc', 'c=a'),
  parameters('q=1&d[A]=1', 'c=a'),
  parameters('q=1', 'c="\\074"'),
  parameters('q=1', 'c=a b'),
  parameters('q=1', 'c=j:1'),
  parameters('q=1', 'c=a; x=1 c=2'),
  parameters('q=1', 'c=a; cj={'),
  parameters('q=1', 'c=a; short=%61%61%61'),
  parameters('q=1', 'c=a; short=a=bc'),
  operation.checkParameters(parts({ query: 'q=1', headers: headers('cookie', 'c=a') })),
  form('n=1&n=2'),
  form('n=1;'),
  form('n=1&s=a]=b'),
  form('\ufeffn=1'),
  form('n=1&r=1'),
  form('n=1&zz=1'),
  form('n=1&s=aaaaaa', small),
  form('n=1&s=a&zz=1', small),
  form('n=1&N=1'),
  form('n=1&_method=PUT'),
  form('n=1&json={"__proto__":{"a":1}}'),
  form('n=1&_charset_=utf-16'),
  form('n=1&json={'),
  form('n=1&json={"a":1,"a":2}'),
  form('n=1&json={"l":[1,2,3]}', { ...BOUNDS, itemsMax: 2 }),
  form('n=1&json={"l":[1]}', { ...BOUNDS, depthMax: 1 }),
  form('n=1&json={"aaaaaaaaaaaaaaa":1}', { ...BOUNDS, stringLengthMax: 10 }),
  form('n=1&json={"a":"aaaaaaa"}', { ...BOUNDS, stringLengthMax: 20 }),
  multipart(part('form-data; name="json"', '{"a":"aaaaaaaaa"}'), undefined, {
    ...BOUNDS,
    stringLengthMax: 5,
  }),
  multipart(part('form-data; name="json"', `{"a":${'9'.repeat(50_000)}}`)),
  named('json', '{"a":"\\ud800"}'),
  form('n=1&deep[a][b]=1'),
  form('n=1&xml=<a'),
  multipart(part('form-data; name="n"'), MULTIPART),
  multipart('x'),
  multipart(part('form-data; name="n"', 'x--XX')),
  multipart(
    `${many(1001, (index) => `--XX\r\nContent-Disposition: form-data; name="a${index}"\r\n\r\n\r\n`)}--XX--`,
  ),
  multipart(part('form-data; name="n"\r\nX: y\r\nX: y')),
  multipart(part('form-data; name="n"\r\nContent-Type: multipart/mixed; boundary=a')),
  multipart(part('form-data; name="n"\r\nContent-Encoding: gzip')),
  multipart(part('form-data; name="n\\""')),
  multipart(part('form-data; name="n"\r\nContent-Type: text/html')),
  multipart(part('form-data; name="n"\r\nContent-Type: text/plain; charset=utf-16')),
  multipart(part('form-data; name="n"\r\nContent-Type: text/plain; charset*=utf-7')),
  multipart(part('form-data; name="n"')),
  multipart(part('form-data; name="s"; filename="a"')),
  multipart(part('form-data; name="s"', '\xff')),
  multipart('--XX\r\nContent-Type: text/plain\r\n\r\n1\r\n--XX--', 'multipart/mixed; boundary=XX'),
  multipart(part('form-data; name="n "')),
  xml('<other/>'),
  xml('<root>text</root>'),
  xml('<root><a/><a/></root>'),
  xml('<root><b>1</b></root>'),
  xml('<root><a>1<!-- -->2</a></root>'),
  operation.checkBody(headers('content-type', 'text/xml'), utf8('<a/>'), BOUNDS).violations,
  operation.checkBody(headers('content-type', 'application/jwt'), utf8('{}'), BOUNDS).violations,
  operation.checkBody(headers('content-type', 'application/json-seq'), utf8('{}'), BOUNDS)
    .violations,
  ...['n: [', 'n: &a 1', 'n: 1\ns: yes', 'a'.repeat(300_000)].map(
    (text) =>
      operation.checkBody(headers('content-type', 'application/yaml'), utf8(text), BOUNDS)
        .violations,
  ),
  ...[
    '<a',
    '<!DOCTYPE a><a/>',
    '<a>&b;</a>',
    '<a><?b c?></a>',
    '<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="b"/></a>',
    '<a xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a b"/>',
    '<?xml version="1.1"?><a/>',
    '<?xml version="1.0" encoding="utf-16"?><a/>',
    '<a xmlns:x="a b"/>',
    `<a ${many(65, (index) => `a${index}="" `)}/>`,
    `<${'a'.repeat(1001)}/>`,
    `${'<a>'.repeat(60)}${'</a>'.repeat(60)}`,
    `<a>${'a'.repeat(200_000)}</a>`,
    `<a>${'<b/>'.repeat(60_000)}</a>`,
  ].map((text) => named('xml', text)),
];

test('whatever is refused in a query, cookie, form or multipart body, the caller is told what was expected', () => {
  const seen = new Set<string>();
  for (const [index, violations] of broken.entries()) {
    assert.ok(violations.length > 0, `${index}`);
    for (const { rule, expected } of violations) {
      assert.ok(expected !== undefined && expected.length > 5, `${index} ${rule}`);
      seen.add(rule);
    }
  }
  assert.deepEqual(
    Object.keys(EXPECTED).filter((rule) => !seen.has(rule)),
    [],
  );
});
