import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import { MULTIPART, multipart } from './form-fields.fixture.ts';

/** As Stripe publishes `PostFiles`. */
const schema = {
  type: 'object',
  required: ['file', 'purpose'],
  properties: {
    expand: { type: 'array', items: { type: 'string', maxLength: 20 }, maxItems: 3 },
    file: { type: 'string', format: 'binary' },
    file_link_data: {
      type: 'object',
      required: ['create'],
      properties: {
        create: { type: 'boolean' },
        expires_at: { type: 'integer' },
        metadata: {
          anyOf: [{ type: 'object', additionalProperties: { type: 'string' } }, { enum: [''] }],
        },
      },
    },
    purpose: { enum: ['dispute_evidence'] },
  },
};
const style = { style: 'deepObject', explode: true };
const encoding = { expand: style, file_link_data: style };

type Part = readonly [head: string, content: string];

function inVersion(openapi: string, more: object = {}) {
  const content = { 'multipart/form-data': { schema, encoding: { ...encoding, ...more } } };
  const operation = openOperation({ requestBody: { content } }, { rest: { openapi } });
  return (...parts: readonly Part[]) => {
    const file = ['name="file"; filename="a.pdf"\r\nContent-Type: application/pdf', 'x'] as const;
    const body = multipart(file, ['name="purpose"', 'dispute_evidence'], ...parts);
    return operation.checkBody(headers('content-type', MULTIPART), utf8(body), BOUNDS).violations;
  };
}

test('parts in brackets are fields of the value that the description writes so, beside files', () => {
  for (const openapi of ['3.0.0', '3.1.0']) {
    const send = inVersion(openapi);
    const check = (...parts: Part[]) => told(send(...parts));
    const create = ['name="file_link_data[create]"', 'true'] as const;
    assert.equal(check(), '');
    assert.equal(check(create), '');
    assert.equal(check(create, ['name="file_link_data[expires_at]"', '5']), '');
    assert.equal(check(create, ['name="file_link_data[metadata][a b]"', '+%2C']), '');
    assert.equal(check(create, ['name="file_link_data[metadata]"', '']), '');
    assert.equal(check(['name="expand[]"', 'a'], ['name="expand[]"', 'b']), '');
    assert.equal(check(['name="expand[1]"', 'a'], ['name="expand[0]"', 'b']), '');
    assert.equal(check(['name="expand[]"\r\nContent-Type: text/plain; charset=utf-8', 'a']), '');
  }
});

test('no part in brackets carries a value past the schema of what it belongs to', () => {
  for (const openapi of ['3.0.0', '3.1.0']) {
    const send = inVersion(openapi);
    for (const [name, value, expected] of [
      ['file_link_data[create]', 'x', '/file_link_data/create type'],
      ['file_link_data[expires_at]', '5', '/file_link_data required'],
      ["file_link_data['create']", 'x', '/file_link_data look-alike'],
      ['file_link_data.create', 'true', '/file_link_data look-alike'],
      ['File_Link_Data[create]', 'true', '/file_link_data look-alike'],
      ['file_link_data[create', 'true', '/file_link_data look-alike'],
      ['file_link_data[create]x', 'true', '/file_link_data look-alike'],
      ['file_link_data[0]', 'true', '/file_link_data style'],
      ['expand[]', 'a'.repeat(21), '/expand/0 maxLength'],
      ['expand[]', 'a,b,c,d', '/expand delimiter'],
      ['expand[1]', 'a', '/expand style'],
      ['expand[][x]', 'a', '/expand style'],
      ['EXPAND[]', 'a', '/expand look-alike'],
      ['expand.0', 'a', '/expand look-alike'],
    ] as const) {
      assert.equal(told(send([`name="${name}"`, value])), `body ${expected}`, name);
    }
    const twice = ['name="file_link_data[create]"', 'true'] as const;
    assert.equal(told(send(twice, twice)), 'body /file_link_data/create duplicate');
    const file = ['name="expand[]"; filename="x"', 'a'] as const;
    assert.equal(told(send(file)), 'body /expand filename');
    const json = ['name="expand[]"\r\nContent-Type: application/json', '"a"'] as const;
    assert.equal(told(send(json)), 'body /expand content-type');
    const utf16 = ['name="expand[]"\r\nContent-Type: text/plain; charset=utf-16', 'a'] as const;
    assert.equal(told(send(utf16)), 'body /expand charset');
  }
});

test('whoever sends one part for a value in brackets is told how it is written', () => {
  const send = inVersion('3.1.0');
  const json = 'name="file_link_data"\r\nContent-Type: application/json';
  for (const [head, value, words] of [
    ['name="expand"', 'x', 'expand[]=value&expand[]=value'],
    ['name="file_link_data"', '{"create":true}', 'file_link_data[key]=value'],
    [json, '{"create":true}', 'file_link_data[key]=value'],
  ] as const) {
    const [found] = send([head, value]);
    assert.equal(found?.rule, 'style', head);
    assert.equal(found?.expected, `the style deepObject: ${words}`);
  }
});

test('headers that a value asks of its parts are asked of each of its brackets', () => {
  const send = inVersion('3.1.0', {
    expand: { ...style, headers: { 'X-N': { required: true, schema: { type: 'integer' } } } },
  });
  assert.equal(told(send(['name="expand[]"\r\nX-N: 1', 'a'])), '');
  assert.equal(
    told(send(['name="expand[]"\r\nX-N: 1', 'a'], ['name="expand[0]"', 'a'])).includes('required'),
    true,
  );
  assert.equal(told(send(['name="expand[]"', 'a'])), 'body X-N/expand required');
});
