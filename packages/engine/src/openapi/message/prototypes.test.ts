import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from '../testing.ts';

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

function judge(schema: object | undefined, text: string, options: object = {}): string {
  const content = { [JSON_TYPE]: schema === undefined ? {} : { schema } };
  const operation = openOperation({ requestBody: { content } }, options);
  const type = headers('content-type', JSON_TYPE);
  return told(operation.checkBody(type, utf8(text), BOUNDS).violations);
}

const role = { type: 'string', readOnly: true };
const payment = { type: 'object', properties: { amount: { type: 'integer' }, role } };

test('a body gives no role to all objects of a service that merges it with its own', () => {
  const text = '{"amount":1,"__proto__":{"role":"admin"}}';
  assert.equal(Object.assign({}, JSON.parse(text)).role, 'admin', 'what such a service would read');
  // Wherever everything passes, it does not, and no escape hides it.
  for (const schema of [
    ...[payment, {}, true, undefined, { type: 'object' }, { additionalProperties: true }],
    ...[{ allOf: [payment] }, { patternProperties: { '^_': {} } }],
    { oneOf: [payment, { type: 'array' }] },
  ] as (object | undefined)[]) {
    const what = JSON.stringify(schema);
    const at = (pointer: string) => `body ${pointer} prototype`;
    assert.equal(judge(schema, text), at('/__proto__'), what);
    assert.equal(judge(schema, '{"\\u005f_proto__":{}}'), at('/__proto__'), what);
    assert.equal(judge(schema, '{"a":[{"b":{"__proto__":1}}]}'), at('/a/0/b/__proto__'), what);
    assert.equal(judge(schema, '{"__proto__":null}'), at('/__proto__'), what);
    const merged = '{"constructor":{"prototype":{"role":"admin"}}}';
    assert.equal(judge(schema, merged), at('/constructor/prototype'), what);
    const escaped = '{"c\\u006fnstructor":{"\\u0070rototype":{"role":"admin"}}}';
    assert.equal(judge(schema, escaped), at('/constructor/prototype'), what);
    assert.equal(judge(schema, '{"a.__proto__.role":1}'), at('/a.__proto__.role'), what);
    assert.equal(
      judge(schema, '{"a[constructor][prototype][x]":1}'),
      at('/a[constructor][prototype][x]'),
    );
  }
  const numbered = '{"a":9007199254740993,"__proto__":{}}';
  assert.equal(judge({}, numbered), 'body /__proto__ prototype');
});

test('it is found in lists, forms, parts, parameters and XML', () => {
  assert.equal(judge({ type: 'array' }, '[{"__proto__":{}}]'), 'body /0/__proto__ prototype');
  const schema = { type: 'object', properties: { a: { type: 'object' } } };
  const form = openOperation({ requestBody: { content: { [FORM]: { schema } } } });
  const submit = (text: string) =>
    told(form.checkBody(headers('content-type', FORM), utf8(text), BOUNDS).violations);
  assert.equal(submit('a={"__proto__":{"role":"admin"}}'), 'body /a/__proto__ prototype');
  assert.equal(submit('__proto__[role]=admin'), 'body /__proto__[role] prototype');
  assert.equal(
    submit('x[constructor][prototype][role]=admin'),
    'body /x[constructor][prototype][role] prototype',
  );
  assert.equal(submit('constructor[name]=x'), '');
  const asks = (parameter: object, query: string) => {
    const described = { name: 'q', in: 'query', ...parameter };
    return told(
      openOperation({ parameters: [described] }).checkParameters(parts({ query: query })),
    );
  };
  const json = encodeURIComponent('{"__proto__":{}}');
  const content = { content: { [JSON_TYPE]: { schema: {} } } };
  assert.equal(asks(content, `q=${json}`), 'query q/__proto__ prototype');
  assert.equal(asks({ content: { [JSON_TYPE]: {} } }, `q=${json}`), 'query q/__proto__ prototype');
  const deep = { style: 'deepObject', schema: { type: 'object', additionalProperties: true } };
  assert.equal(asks(deep, 'q[__proto__]=1'), 'query q/__proto__ prototype');
  const xml = { type: 'object', xml: { name: 'p' }, properties: { a: { type: 'string' } } };
  const operation = openOperation({ requestBody: { content: { 'text/xml': { schema: xml } } } });
  const type = headers('content-type', 'text/xml');
  const sent = utf8('<p><a>1</a><__proto__><role>admin</role></__proto__></p>');
  assert.equal(
    told(operation.checkBody(type, sent, BOUNDS).violations),
    'body /__proto__ prototype',
  );
});

test('what the description names itself passes, and so does a word that only looks alarming', () => {
  const named = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}');
  assert.equal(judge(named, '{"__proto__":"x"}'), '');
  assert.equal(judge({ items: { allOf: [named] } }, '[{"__proto__":"x"}]'), '');
  assert.equal(judge(named, '{"a":{"__proto__":"x"}}'), 'body /a/__proto__ prototype');
  const car = { properties: { constructor: { properties: { prototype: { type: 'boolean' } } } } };
  assert.equal(judge(car, '{"constructor":{"prototype":true}}'), '');
  const free = { properties: { constructor: { type: 'object' } } };
  assert.equal(judge(free, '{"constructor":{"name":"Lotus"}}'), '');
  assert.equal(
    judge(free, '{"constructor":{"prototype":{}}}'),
    'body /constructor/prototype prototype',
  );
  for (const text of [
    '{"constructor":{"name":"Lotus"}}',
    '{"constructor":"prototype"}',
    '{"prototype":{"constructor":1}}',
    '{"text":"__proto__","list":["__proto__","constructor"]}',
    '{"proto":1,"__proto":2,"my__proto__":3,"__PROTO__":4}',
  ]) {
    assert.equal(judge({}, text), '', text);
  }
});

test('a member that is cut out does not take the check with it', () => {
  const text = '{"role":"x","amount":1,"__proto__":{"role":"admin"}}';
  assert.equal(judge(payment, text), 'body /__proto__ prototype');
});

test('an answer of the service itself may hold whatever it likes', () => {
  for (const media of [{}, { schema: {} }, { schema: payment }]) {
    const answer = {
      description: '',
      content: { [JSON_TYPE]: media },
      headers: { A: { schema: {} } },
    };
    const operation = openOperation({ responses: { 200: answer } });
    const type = headers('content-type', JSON_TYPE);
    const { violations } = operation.checkAnswer(200, type, utf8('{"__proto__":{}}'), BOUNDS, {
      findUndocumented: false,
    });
    assert.equal(told(violations), '');
  }
});

test('the caller is told what is expected', () => {
  const operation = openOperation({ requestBody: { content: { [JSON_TYPE]: {} } } });
  const type = headers('content-type', JSON_TYPE);
  const { violations } = operation.checkBody(type, utf8('{"__proto__":{}}'), BOUNDS);
  assert.match(violations[0]?.expected ?? '', /^no member called __proto__/);
});
