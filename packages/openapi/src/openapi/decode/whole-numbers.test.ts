import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORM, withBody } from '../message/bodies.fixture.ts';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from '../testing.fixture.ts';

const page = { type: 'integer', minimum: 1, maximum: 10 };
/** Ten at most to whoever reads numbers; to whoever reads digits up to another sign, 900, 1000000, 0. */
const TWO_NUMBERS = ['900e-2', '1000000e-6', '1000E-2', '0.1e1', '0.5e+1', '1e0', '1.5e1'];

test('a whole number in a text is no other number to a service that reads its digits alone', () => {
  const place = (location: string, schema: object, more: object = {}) =>
    openOperation(
      { parameters: [{ in: location, name: 'n', required: true, schema, ...more }] },
      { path: location === 'path' ? '/x/{n}' : '/x' },
    );
  const list = { type: 'array', items: page };
  const object = { type: 'object', properties: { k: page } };
  for (const text of TWO_NUMBERS) {
    const query = text.replace('+', '%2B');
    const asked = [
      place('path', page).checkParameters(parts({ pathValues: [text] })),
      place('query', page).checkParameters(parts({ query: `n=${query}` })),
      place('query', list).checkParameters(parts({ query: `n=1&n=${query}` })),
      place('query', object, { style: 'deepObject', explode: true }).checkParameters(
        parts({ query: `n[k]=${query}` }),
      ),
      place('header', page).checkParameters(parts({ headers: headers('n', text) })),
      place('cookie', page).checkParameters(parts({ headers: headers('cookie', `n=${text}`) })),
    ];
    for (const found of asked) assert.match(told(found), / type$/, text);
    const fields = { type: 'object', properties: { n: page } };
    const bodies: readonly (readonly [string, string, object])[] = [
      [FORM, `n=${query}`, fields],
      ['text/plain', text, page],
      ['application/xml', `<v><n>${text}</n></v>`, { ...fields, xml: { name: 'v' } }],
      [
        'multipart/form-data; boundary=b',
        `--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n${text}\r\n--b--\r\n`,
        fields,
      ],
    ];
    for (const [type, body, schema] of bodies) {
      const operation = withBody({ [type.split(';')[0] as string]: { schema } });
      const { violations } = operation.checkBody(headers('content-type', type), utf8(body), BOUNDS);
      assert.match(told(violations), / type$/, `${type} ${text}`);
    }
    const json = withBody({ 'application/json': { schema: { type: 'number' } } });
    const type = headers('content-type', 'application/json');
    assert.equal(
      told(json.checkBody(type, utf8(text), BOUNDS).violations),
      '',
      'JSON has one reading',
    );
  }
});

test('what says in any other way that its numbers are whole takes them as digits, too', () => {
  const asked = (schema: object, text: string) => {
    const operation = openOperation({ parameters: [{ in: 'query', name: 'n', schema }] });
    return told(operation.checkParameters(parts({ query: `n=${text}` })));
  };
  const whole: readonly object[] = [
    page,
    { type: ['integer', 'null'] },
    { type: ['integer', 'boolean'], maximum: 10 },
    { allOf: [{ type: 'number' }, { type: 'integer' }] },
    { anyOf: [page, { type: 'boolean' }] },
    { oneOf: [{ type: 'integer', maximum: 10 }, { type: 'null' }] },
    { enum: [1, 9] },
    { const: 9 },
    { type: 'number', enum: [9] },
    { type: 'number', multipleOf: 3 },
    { type: 'number', format: 'int32' },
    { type: 'number', format: 'int64' },
  ];
  for (const schema of whole) {
    assert.equal(asked(schema, '9'), '', JSON.stringify(schema));
    assert.notEqual(asked(schema, '900e-2'), '', JSON.stringify(schema));
  }
  for (const text of ['1', '9.0', '10.00', '-0'])
    assert.equal(asked({ type: 'integer' }, text), '');
  for (const schema of [
    { type: 'number' },
    { type: 'number', multipleOf: 0.5 },
    { enum: [9, 1.5] },
  ]) {
    assert.equal(asked(schema, '900e-2'), '', 'read as a number, it is one');
  }
  // A text is what it is.
  assert.equal(asked({ type: ['integer', 'string'] }, '900e-2'), '');
});
