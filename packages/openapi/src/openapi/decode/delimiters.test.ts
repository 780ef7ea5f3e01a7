import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from '../testing.fixture.ts';

const string = { type: 'string', maxLength: 30 };
const integer = { type: 'integer' };
const three = (items: object) => ({ type: 'array', maxItems: 3, items });
const role = { type: 'object', properties: { role: { enum: ['user', 'guest'] } } };

function query(schema: object, written: string, more: object = {}): string {
  const parameter = { in: 'query', name: 'p', explode: false, schema, ...more };
  const operation = openOperation({ parameters: [parameter] });
  return told(operation.checkParameters(parts({ query: written })));
}

const REFUSED = 'query p delimiter';

test('no service that decodes a list before it divides it reads items that nobody has counted', () => {
  assert.equal(query(three(string), 'p=a%2Cb%2Cc%2Cd%2Ce'), REFUSED);
  assert.equal(query(three(string), 'p=a%2cb,c%2cd'), REFUSED);
  assert.equal(query({ type: 'array', items: { enum: ['a,x', 'b'] } }, 'p=a%2Cx,b'), REFUSED);
  assert.equal(query({ ...three(string), uniqueItems: true }, 'p=a%2Ca'), REFUSED);
  assert.equal(query({ ...three(string), type: ['array', 'null'] }, 'p=a%2Cb%2Cc%2Cd'), REFUSED);
  assert.equal(query(role, 'p=x,a%2Crole%2Cadmin'), REFUSED);
  assert.equal(query(role, 'p=x%2Crole,admin'), REFUSED);
  // What fits both ways is what it was.
  for (const written of ['p=a%2Cb', 'p=a%2Cb,c', 'p=Smith%2C%20John', 'p=a,b,c', 'p=abc%3D%3D,d']) {
    assert.equal(query(three(string), written), '', written);
  }
  assert.equal(query(role, 'p=x,a%2Cy,b'), REFUSED);
  assert.equal(query(role, 'p=x,a%2Cy%2Cb'), '');
  assert.equal(query(role, 'p=role,user,x,a'), '');
});

test('what URLSearchParams makes of a list of numbers is that list; of texts, the caller is told how one is written', () => {
  for (const [written, expected] of [
    ['p=1%2C2', ''],
    ['p=1%2c2,3', ''],
    ['p=1%2C2%2C3%2C4', 'query p maxItems'],
    ['p=1%2Cx', 'query p/1 type'],
    ['p=1%2C%2C2', 'query p/1 type'],
    ['p=1%2C%202', 'query p/1 type'],
    ['p=1%252C2', 'query p/0 type'],
    ['p=1,2', ''],
    ['p=x', 'query p/0 type'],
  ] as const) {
    assert.equal(query(three(integer), written), expected, written);
  }
  assert.equal(query({ type: 'array', items: { type: 'boolean' } }, 'p=true%2Cfalse'), '');
  assert.equal(query(three({ type: ['integer', 'string'], maxLength: 1 }), 'p=10%2C2'), REFUSED);
  const operation = openOperation({
    parameters: [
      { in: 'query', name: 'names', explode: false, schema: three({ enum: ['a', 'b'] }) },
    ],
  });
  const [found] = operation.checkParameters(parts({ query: 'names=a%2Cb' }));
  assert.equal(found?.rule, 'delimiter');
  assert.match(found?.expected ?? '', /a comma between items sent as it is, not as %2C/);
});

test('no service that makes a list of one text at its commas reads items that nobody has counted', () => {
  const exploded = { explode: true };
  assert.equal(query(three(string), 'p=a,b,c,d,e', exploded), REFUSED);
  assert.equal(query(three(string), 'p=a%2Cb%2Cc%2Cd', exploded), REFUSED);
  assert.equal(query(three({ enum: ['a', 'b'] }), 'p=a,b', exploded), REFUSED);
  assert.equal(query(three(string), 'p=a,b', exploded), '');
  assert.equal(query(three(string), 'p=a,b&p=c,d', exploded), '');
  assert.equal(query(three(integer), 'p=1&p=2', exploded), '');
  const deep = { type: 'object', properties: { tags: three(string) } };
  const written = { style: 'deepObject', explode: true };
  assert.equal(query(deep, 'p[tags]=a,b,c,d', written), 'query p/tags delimiter');
  assert.equal(query(deep, 'p[tags]=a,b', written), '');
  assert.equal(query(deep, 'tags=a,b,c,d', exploded), 'query p/tags delimiter');
});

test('pipes and blanks that are written in two ways are divided in both', () => {
  const pipes = { style: 'pipeDelimited' };
  const pairs = { type: 'array', items: { enum: ['a', 'b', 'c'] } };
  assert.equal(query(pairs, 'p=a%7Cb%7Cc', pipes), '');
  assert.equal(query(pairs, 'p=a|b|c', pipes), '');
  assert.equal(query(pairs, 'p=a%7Cb|c', pipes), REFUSED);
  const blanks = { style: 'spaceDelimited' };
  assert.equal(query(pairs, 'p=a%20b%20c', blanks), '');
  assert.equal(query(pairs, 'p=a+b+c', blanks), '');
  assert.equal(query(pairs, 'p=a+b%20c', blanks), REFUSED);
});

test('paths, headers, cookies, forms and parts divide lists as queries do', () => {
  const schema = three(string);
  const path = (style: string, explode: boolean, value: string, of: object = schema) =>
    told(
      openOperation(
        { parameters: [{ in: 'path', name: 'p', required: true, style, explode, schema: of }] },
        { path: '/x/{p}' },
      ).checkParameters(parts({ pathValues: [value] })),
    );
  const REFUSED_PATH = 'path p delimiter';
  assert.equal(path('simple', false, 'a%2Cb%2Cc%2Cd'), REFUSED_PATH);
  assert.equal(path('label', false, '.a%2Cb%2Cc%2Cd'), REFUSED_PATH);
  assert.equal(path('matrix', false, ';p=a%2Cb%2Cc%2Cd'), REFUSED_PATH);
  assert.equal(path('matrix', true, ';p=a%3Bp=b%3Bp=c%3Bp=d'), REFUSED_PATH);
  assert.equal(path('simple', true, 'x=a%2Crole%3Dadmin', role), REFUSED_PATH);
  assert.equal(path('simple', true, 'role%3Dx=user', role), REFUSED_PATH);
  assert.equal(path('simple', false, 'a%2Cb'), '');
  const header = openOperation({ parameters: [{ in: 'header', name: 'X-P', schema }] });
  const sent = (value: string) =>
    told(header.checkParameters(parts({ headers: headers('x-p', value) })));
  assert.equal(sent('a%2Cb%2Cc%2Cd'), 'header X-P delimiter');
  assert.equal(sent('a%2Cb'), '');
  assert.equal(sent('100%, b'), '');
  assert.equal(sent('a, b, c'), '');
  const cookie = openOperation({
    parameters: [{ in: 'cookie', name: 'p', explode: false, schema }],
  });
  const held = (value: string) =>
    told(cookie.checkParameters(parts({ headers: headers('cookie', `p=${value}`) })));
  assert.equal(held('a%2Cb%2Cc%2Cd'), 'cookie p delimiter');
  assert.equal(held('a%2Cb'), '');
  const body = { schema: { type: 'object', properties: { p: schema, s: string } } };
  const [form, multipart] = ['application/x-www-form-urlencoded', 'multipart/form-data'];
  const posting = openOperation({
    requestBody: { content: { [form]: body, [multipart]: body } },
  });
  const posted = (type: string, text: string) => {
    const { violations, value } = posting.checkBody(
      headers('content-type', type),
      utf8(text),
      BOUNDS,
    );
    return violations.length === 0 ? JSON.stringify(value) : told(violations);
  };
  assert.equal(posted(form, 'p=a,b,c,d'), 'body /p delimiter');
  assert.equal(posted(form, 'p=a,b&s=x,y,z,w'), '{"p":["a,b"],"s":"x,y,z,w"}');
  const others = openOperation({
    requestBody: { content: { [form]: { schema: { additionalProperties: schema } } } },
  });
  const other = (text: string) =>
    told(others.checkBody(headers('content-type', form), utf8(text), BOUNDS).violations);
  assert.equal(other('x=a,b,c,d'), 'body  delimiter');
  assert.equal(other('x=a,b&y=c&y=d,e,f,g'), '');
  const part = (text: string) =>
    `--XX\r\nContent-Disposition: form-data; name="p"\r\nContent-Type: text/plain\r\n\r\n${text}\r\n`;
  const parted = (...texts: string[]) =>
    posted(`${multipart}; boundary=XX`, `${texts.map(part).join('')}--XX--\r\n`);
  assert.equal(parted('a,b,c,d'), 'body /p delimiter');
  assert.equal(parted('a,b'), '{"p":["a,b"]}');
  assert.equal(parted('a,b,c', 'd,e'), '{"p":["a,b,c","d,e"]}');
});

test('no service that trims what it has divided reads items that the description refuses', () => {
  const noAdmin = three({ type: 'string', not: { enum: ['admin'] } });
  const BLANKS = 'query p blanks';
  const blanks = ['%20', '+', '%09', '%0A', '%0D%0A', '%C2%A0', '%E2%80%83', '%E3%80%80'];
  for (const blank of [...blanks, '%00', '%EF%BB%BF', '%E2%80%8B', '%20%20+']) {
    assert.equal(query(noAdmin, `p=a,${blank}admin`), BLANKS, blank);
    assert.equal(query(noAdmin, `p=admin${blank},a`), BLANKS, blank);
    assert.equal(query(noAdmin, `p=${blank}admin${blank}`), BLANKS, blank);
    assert.equal(query(noAdmin, `p=a,${blank}user`), '', blank);
  }
  assert.equal(query({ ...three(string), uniqueItems: true }, 'p=a,%20a'), BLANKS);
  assert.equal(query(three({ type: 'string', minLength: 2 }), 'p=a%20,bc'), BLANKS);
  // Decoded first, divided, and trimmed.
  assert.equal(query(noAdmin, 'p=a%2C%20admin'), BLANKS);
  assert.equal(query(noAdmin, 'p=a%2C%20admin', { explode: true }), BLANKS);
  assert.equal(query(noAdmin, 'p=%20admin', { explode: true }), BLANKS);
  assert.equal(query(noAdmin, 'p=%20admin&p=b', { explode: true }), '');
  assert.equal(query(noAdmin, 'p=a|%20admin', { style: 'pipeDelimited' }), BLANKS);
  assert.equal(query(role, 'p=role,%20admin'), 'query p/role enum');
  assert.match(query(role, 'p=%20role,admin'), / look-alike$/);
  assert.match(query(role, 'p=%20role,user'), / look-alike$/);
  const path = openOperation(
    { parameters: [{ in: 'path', name: 'p', required: true, schema: noAdmin }] },
    { path: '/x/{p}' },
  );
  assert.equal(told(path.checkParameters(parts({ pathValues: ['a,%20admin'] }))), 'path p blanks');
  const form = 'application/x-www-form-urlencoded';
  const posting = openOperation({
    requestBody: { content: { [form]: { schema: { properties: { p: noAdmin } } } } },
  });
  const posted = (text: string) =>
    posting.checkBody(headers('content-type', form), utf8(text), BOUNDS);
  assert.equal(told(posted('p=a,+admin').violations), 'body /p blanks');
  // What goes on to policies is what the description says.
  assert.deepEqual(posted('p=+user').value, { p: [' user'] });
  // What the description refuses as it is, is told so; astral letters are no blanks.
  assert.equal(query(three(integer), 'p=1,%202'), 'query p/1 type');
  assert.equal(query(three({ maxLength: 1 }), 'p=%F0%9F%98%80,%F0%9D%92%B3'), '');
  assert.equal(query(three({ minLength: 1 }), 'p=%F0%9F%98%80,%F0%9D%92%B3'), '');
});

test('the only part of a list is trimmed by some services, too', () => {
  const multipart = 'multipart/form-data';
  const p = three({ type: 'string', not: { enum: ['admin'] } });
  const posting = openOperation({
    requestBody: { content: { [multipart]: { schema: { type: 'object', properties: { p } } } } },
  });
  const posted = (...texts: string[]) => {
    const parts = texts.map(
      (text) => `--XX\r\nContent-Disposition: form-data; name="p"\r\n\r\n${text}\r\n`,
    );
    const type = headers('content-type', `${multipart}; boundary=XX`);
    return posting.checkBody(type, utf8(`${parts.join('')}--XX--\r\n`), BOUNDS);
  };
  assert.equal(told(posted(' admin').violations), 'body /p blanks');
  assert.equal(told(posted('a, admin').violations), 'body /p blanks');
  assert.equal(told(posted('a,admin').violations), 'body /p delimiter');
  assert.deepEqual(posted('a, user').value, { p: ['a, user'] });
  assert.deepEqual(posted(' admin', 'b').value, { p: [' admin', 'b'] });
});
