import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import {
  BOUNDS,
  compile,
  describeApi,
  headers,
  openOperation,
  parts,
  utf8,
} from '../testing.fixture.ts';

/** What is expected is told by the names of the description. */

const string = { type: 'string' };
const object = { type: 'object', properties: { a: { type: 'integer' } } };
const list = { type: 'array', items: { type: 'integer' } };

function accepted(content: object, type: string) {
  const operation = openOperation({ requestBody: { content } });
  const found = operation.expectBody(headers('content-type', type), true);
  assert.ok(found.kind === 'unsupported', found.kind);
  return found;
}

test('whoever is refused under a range is told what is accepted there, and not the range', () => {
  const read = [
    'application/json',
    'application/*+json',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
  ];
  for (const type of ['text/plain', 'text/csv', 'application/yaml', 'application/octet-stream']) {
    const found = accepted({ '*/*': { schema: object } }, type);
    assert.deepEqual(found.accepted, read);
    assert.equal(found.violation.expected, `one of ${read.join(', ')}`);
    // And each of them is.
    for (const good of read) {
      const operation = openOperation({ requestBody: { content: { '*/*': { schema: object } } } });
      const { kind } = operation.expectBody(
        headers('content-type', good.replace('*', 'x').replace(/data$/, 'data; boundary=x')),
        true,
      );
      assert.equal(kind, 'validate', good);
    }
  }
  assert.deepEqual(
    accepted({ 'application/*': { schema: object } }, 'application/yaml').accepted,
    read.slice(0, 3),
  );
  assert.deepEqual(accepted({ 'text/*': { schema: object } }, 'text/csv').accepted, ['text/json']);
  assert.deepEqual(accepted({ 'image/*': { schema: object } }, 'image/png').accepted, []);
  assert.deepEqual(accepted({ 'image/*': {} }, 'text/csv').accepted, ['image/*']);
  const both = { '*/*': { schema: object }, 'application/yaml': { schema: object } };
  assert.deepEqual(accepted(both, 'text/csv').accepted, [...read, 'application/yaml']);
  assert.equal(
    accepted({ 'application/json': { schema: object } }, 'text/csv').violation.expected,
    'application/json',
  );
});

test('an author who writes a range is told what passes under it', () => {
  const remarks = (content: object) => {
    const requestBody = { content };
    const responses = { 200: { description: '', content } };
    const found = compile(describeApi({ '/x': { post: { requestBody, responses } } })).warnings;
    return found.filter(({ code }) => code === 'media-type-range').map(({ message }) => message);
  };
  assert.deepEqual(remarks({ 'application/*': { schema: object } }), [
    'under application/* with a schema for lists or objects, of bodies, only application/json, application/*+json, application/x-www-form-urlencoded can be held against it and will pass',
  ]);
  assert.equal(remarks({ '*/*': { schema: object } }).length, 1);
  assert.match(remarks({ 'image/*': { schema: list } }).join(), /no body can/);
  for (const content of [
    { '*/*': {} },
    { '*/*': { schema: string } },
    { 'application/*+json': { schema: object } },
    { '*/*': { schema: { type: 'string', format: 'binary' } } },
  ]) {
    assert.deepEqual(remarks(content), []);
  }
});

test('whoever sends a part of another type, or breaks its header, is told by name what is described', () => {
  const schema = { type: 'object', properties: { n: string, o: object, f: string } };
  const encoding = {
    f: { contentType: 'image/png, image/jpeg' },
    n: { headers: { 'X-Part': { required: true, schema: { type: 'integer' } } } },
  };
  const operation = openOperation({
    requestBody: { content: { 'multipart/form-data': { schema, encoding } } },
  });
  const told = (name: string, head: string) => {
    const body = `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n${head}\r\nx\r\n--XX--`;
    const type = headers('content-type', 'multipart/form-data; boundary=XX');
    const { violations } = operation.checkBody(type, Buffer.from(body, 'latin1'), BOUNDS);
    const [first] = violations;
    return `${first?.in} ${first?.pointer} ${first?.name} ${first?.rule}: ${first?.expected}`;
  };
  const text = 'Content-Type: text/html\r\n';
  assert.equal(told('o', text), 'body /o undefined content-type: application/json');
  assert.equal(told('f', text), 'body /f undefined content-type: one of image/png, image/jpeg');
  assert.equal(
    told('n', ''),
    'body /n X-Part required: in the header X-Part of this part: a value: it is not optional',
  );
  assert.equal(
    told('n', 'x-part: y\r\n'),
    'body /n X-Part type: in the header X-Part of this part: integer',
  );
});

test('whoever writes other XML is told the names of the root and of the namespace', () => {
  const schema = {
    ...{ type: 'object', xml: { name: 'order', namespace: 'urn:orders' } },
    properties: { p: { ...string, xml: { prefix: 'o' } }, q: string },
  };
  const operation = openOperation({ requestBody: { content: { 'application/xml': { schema } } } });
  const told = (text: string) =>
    operation
      .checkBody(headers('content-type', 'application/xml'), utf8(text), BOUNDS)
      .violations.map(({ pointer, rule, expected }) => `${pointer} ${rule}: ${expected}`);
  assert.deepEqual(told('<other/>'), [' root: the root element order']);
  assert.deepEqual(told('<order/>'), [' namespace: the namespace urn:orders']);
  assert.deepEqual(told('<order xmlns="urn:orders"><p>1</p></order>'), [
    '/p namespace: the prefix o',
  ]);
  assert.deepEqual(told('<order xmlns="urn:orders"><q xmlns="urn:x">1</q></order>'), [
    '/q namespace: no namespace, or that of the element around it',
  ]);
});

test('whoever writes a value in another style is told in which it is described', () => {
  const point = { type: 'object', properties: { x: { type: 'integer' }, y: { type: 'integer' } } };
  const wrong = (parameter: object, sent: { path?: string; query?: string; header?: string }) => {
    const operation = openOperation(
      { parameters: [{ required: true, ...parameter }] },
      { path: 'path' in sent ? '/x/{m}' : '/x' },
    );
    const found = operation.checkParameters(
      parts({
        pathValues: sent.path === undefined ? [] : [sent.path],
        query: sent.query ?? '',
        headers: headers(...(sent.header === undefined ? [] : ['x-m', sent.header])),
      }),
    );
    return found.map(({ rule, expected }) => `${rule}: ${expected}`).join('; ');
  };
  const path = { name: 'm', in: 'path' };
  const query = { name: 'm', in: 'query' };
  for (const [parameter, sent, words] of [
    [{ ...path, style: 'matrix', schema: list }, { path: '1,2' }, 'matrix: ;m=value,value'],
    [
      { ...path, style: 'matrix', explode: true, schema: list },
      { path: '1,2' },
      'matrix: ;m=value;m=value',
    ],
    [{ ...path, style: 'label', schema: list }, { path: '1,2' }, 'label: .value,value'],
    [{ ...path, schema: point }, { path: 'x,1,y' }, 'simple: key,value,key,value'],
    [{ ...path, explode: true, schema: point }, { path: 'x,1' }, 'simple: key=value,key=value'],
    [
      { ...query, explode: false, schema: point },
      { query: 'm=x,1,y' },
      'form: m=key,value,key,value',
    ],
    [{ name: 'X-M', in: 'header', schema: point }, { header: 'x' }, 'simple: key,value,key,value'],
  ] as const) {
    assert.equal(wrong(parameter, sent), `style: the style ${words}`);
  }
  assert.match(
    wrong({ ...query, style: 'deepObject', schema: point }, { query: 'm[x][y]=1' }),
    /^style: a value here, and no \[key\]/,
  );
});

test('of an answer that is not described, the record says what is', () => {
  const responses = {
    200: { description: '', content: { 'application/json': { schema: object } } },
    204: { description: '' },
    '4XX': { description: '' },
  };
  const operation = openOperation({ responses });
  const told = (status: number, ...fields: string[]) => {
    const found = operation.expectAnswer(status, headers(...fields));
    assert.ok(found.kind === 'undocumented');
    const { violations } = operation.checkAnswer(status, headers(...fields), utf8('x'), BOUNDS, {
      findUndocumented: false,
    });
    assert.equal(violations.at(-1)?.expected, found.violation.expected);
    return `${found.violation.in}: ${found.violation.expected}`;
  };
  assert.equal(told(500), 'status: a status of 200, 204, 4XX');
  assert.equal(told(200, 'content-type', 'text/html'), 'content-type: application/json');
  assert.equal(
    told(404, 'content-type', 'text/html'),
    'content-type: no content: none is described',
  );
});
