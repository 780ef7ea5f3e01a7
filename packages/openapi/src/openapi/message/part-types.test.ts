import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, describeApi } from '../testing.fixture.ts';
import { check, FORM, withBody } from './bodies.fixture.ts';

const MULTIPART = 'multipart/form-data';

function warnings(type: string, schema: object, contentType: string): readonly string[] {
  const media = { schema: bodyOf(schema), encoding: { meta: { contentType } } };
  const content = { [type]: media };
  const responses = { 200: { description: '', content } };
  const compilation = compile(
    describeApi({ '/x': { post: { requestBody: { content }, responses } } }),
  );
  assert.ok(compilation.ok);
  const told = compilation.warnings.filter(({ code }) => code === 'unreadable-part');
  return told.map(({ message }) => message);
}

const bodyOf = (meta: object) => ({ type: 'object', required: ['meta'], properties: { meta } });

test('a part that can never pass is told when the description is loaded, and no other', () => {
  const schemas = [
    { type: 'object' },
    { type: ['object', 'null'] },
    { type: ['object', 'string'] },
    { type: 'array', items: { type: 'object' } },
    { type: 'array', items: { type: 'string' } },
    { type: 'array', items: { type: 'integer' } },
    { type: 'array' },
    { type: 'integer' },
    { type: 'boolean' },
    { type: 'string' },
    { type: 'string', format: 'binary' },
    {},
  ];
  const types = [
    'text/plain',
    'text/csv',
    'application/json',
    'application/vnd.a+json',
    'application/octet-stream',
    'application/xml',
    'text/xml',
    'image/png',
    'application/yaml',
  ];
  const texts = ['', '{}', '[]', '[{}]', '["a"]', '[1]', '1', 'true', 'a', '"a"', '<a/>'];
  for (const schema of schemas) {
    for (const type of types) {
      const told = warnings(MULTIPART, schema, type);
      const encoding = { meta: { contentType: type } };
      const operation = withBody({ [MULTIPART]: { schema: bodyOf(schema), encoding } });
      const passes = texts.some((text) =>
        ['', '; filename="f"'].some((file) => {
          const head = `Content-Disposition: form-data; name="meta"${file}\r\nContent-Type: ${type}`;
          const body = `--b\r\n${head}\r\n\r\n${text}\r\n--b--\r\n`;
          return check(operation, `${MULTIPART}; boundary=b`, body) === '';
        }),
      );
      assert.equal(told.length === 0, passes, `${JSON.stringify(schema)} ${type}`);
      const formed = warnings(FORM, schema, type);
      const form = withBody({ [FORM]: { schema: bodyOf(schema), encoding } });
      const isSendable = texts.some(
        (text) => check(form, FORM, `meta=${encodeURIComponent(text)}`) === '',
      );
      if (formed.length > 0) assert.ok(!isSendable, `${JSON.stringify(schema)} ${type}`);
    }
  }
  assert.equal(warnings(FORM, { type: 'object' }, 'text/plain').length, 1);
  // It would pass as a text, which no property of an object describes.
  assert.equal(warnings(MULTIPART, { properties: { a: {} } }, 'text/plain').length, 1);
  assert.equal(warnings(MULTIPART, { type: 'object' }, 'text/plain, application/json').length, 1);
  assert.equal(warnings(MULTIPART, { type: 'object' }, '*/*').length, 0);
  assert.equal(warnings(MULTIPART, { type: 'object' }, 'image/*').length, 1);
});
