import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';

const account = {
  type: 'object',
  required: ['iban'],
  properties: {
    iban: { type: 'string' },
    secret: { type: 'string', writeOnly: true },
    owner: { type: 'object', properties: { name: { type: 'string' } } },
  },
};

const responses = {
  200: {
    description: '',
    headers: {
      'X-Total': { required: true, schema: { type: 'integer' } },
      'X-Tags': { schema: { type: 'array', items: { type: 'integer' } } },
      'Content-Type': { required: true, schema: { type: 'integer' } },
    },
    content: { 'application/json': { schema: account } },
  },
  204: { description: '' },
  '2XX': { description: '', content: { 'text/plain': { schema: { type: 'string' } } } },
  '4xx': {
    description: '',
    content: { 'application/problem+json': { schema: { type: 'object' } } },
  },
  '501': {
    description: '',
    content: { 'text/event-stream': {}, 'application/xml': { schema: account } },
  },
};

const JSON_ANSWER = ['content-type', 'application/json', 'x-total', '1'];

function expect(operation: ApiOperation, status: number, ...flat: string[]): string {
  const expectation = operation.expectAnswer(status, headers(...flat));
  return expectation.kind === 'undocumented' ? told([expectation.violation]) : expectation.kind;
}

function check(operation: ApiOperation, status: number, flat: string[], body: string) {
  const { violations, undocumented } = operation.checkAnswer(
    status,
    headers(...flat),
    utf8(body),
    BOUNDS,
    { findUndocumented: true },
  );
  return [told(violations), ...undocumented].join(' | ');
}

test('the description of an answer: exact status, then range, then default', () => {
  const operation = openOperation({ responses }, { method: 'get' });
  assert.equal(expect(operation, 200, 'content-type', 'application/json'), 'validate');
  assert.equal(expect(operation, 201, 'content-type', 'text/plain'), 'validate');
  assert.equal(expect(operation, 200, 'content-type', 'text/plain'), 'content-type  undocumented');
  assert.equal(expect(operation, 404, 'content-type', 'application/problem+json'), 'validate');
  assert.equal(expect(operation, 500, 'content-type', 'application/json'), 'status  undocumented');
  assert.equal(expect(operation, 204), 'validate');
  assert.equal(expect(operation, 304), 'validate');
  assert.equal(expect(operation, 501, 'content-type', 'text/event-stream'), 'opaque');
  assert.equal(expect(operation, 501, 'content-type', 'application/xml'), 'opaque');
  assert.equal(
    expect(operation, 200, 'content-type', 'application/json', 'content-encoding', 'gzip'),
    'body  content-encoding',
  );
  assert.deepEqual(operation.streamingAnswers, ['text/event-stream']);
  const fallback = openOperation({ responses: { default: responses[200] } });
  assert.equal(expect(fallback, 500, 'content-type', 'application/json'), 'validate');
  assert.equal(expect(fallback, 304, 'content-type', 'application/json'), 'validate');
  assert.equal(
    expect(openOperation({ responses: { 200: responses[200] } }), 304),
    'status  undocumented',
  );
});

test('an answer of a version that nobody documented is undocumented', () => {
  const schema = { type: 'object', required: ['two'] };
  const content = { 'application/json; v=1': {}, 'application/json; v=2': { schema } };
  const operation = openOperation({ responses: { 200: { description: '', content } } });
  assert.equal(expect(operation, 200, 'content-type', 'application/json;v=2'), 'validate');
  assert.equal(
    expect(operation, 200, 'content-type', 'application/json;v=3'),
    'content-type  undocumented',
  );
  assert.equal(
    check(operation, 200, ['content-type', 'application/json;v=2'], '{}'),
    'body  required',
  );
  assert.equal(check(operation, 200, ['content-type', 'application/json;v=1'], '{}'), '');
  assert.equal(
    check(operation, 200, ['content-type', 'application/json;v=3'], '{}'),
    'content-type  undocumented',
  );
});

test('switching protocols is documented by its own status alone', () => {
  for (const status of ['default', '1XX']) {
    const operation = openOperation({ responses: { [status]: { description: '' } } });
    assert.equal(expect(operation, 101), 'status  undocumented');
    assert.equal(operation.documentsUpgrade, false);
  }
  const operation = openOperation({ responses: { 101: { description: '' } } });
  assert.equal(operation.documentsUpgrade, true);
});

test('a documented list on two lines of an answer is held against its schema as one', () => {
  const schema = { type: 'string', pattern: '^a, b$' };
  const described = { Vary: { schema }, 'X-One': { schema: { type: 'string' } } };
  const operation = openOperation({ responses: { 204: { description: '', headers: described } } });
  assert.equal(check(operation, 204, ['vary', 'a', 'vary', 'b'], ''), '');
  assert.equal(check(operation, 204, ['vary', 'a', 'vary', 'c'], ''), 'header Vary pattern');
  assert.equal(check(operation, 204, ['x-one', 'a', 'x-one', 'b'], ''), 'header X-One duplicate');
});

test('bodies and headers of answers are checked', () => {
  const operation = openOperation({ responses }, { method: 'get' });
  const ok = '{"iban":"BE1"}';
  assert.equal(check(operation, 200, JSON_ANSWER, ok), '');
  assert.equal(check(operation, 200, JSON_ANSWER, '{}'), 'body  required');
  assert.equal(check(operation, 200, JSON_ANSWER, ''), 'body  required');
  assert.equal(
    check(operation, 200, JSON_ANSWER, '{"iban":"a","iban":"b"}'),
    'body /iban json-duplicate-key',
  );
  assert.equal(
    check(operation, 200, JSON_ANSWER, '{"iban":"a","secret":"b"}'),
    'body /secret writeOnly | /secret',
  );
  assert.equal(check(operation, 200, JSON_ANSWER.slice(0, 2), ok), 'header X-Total required');
  assert.equal(
    check(operation, 200, [...JSON_ANSWER, 'x-tags', '1, x'], ok),
    'header X-Tags/1 type',
  );
  assert.equal(check(operation, 204, [], ''), '');
  assert.equal(check(operation, 204, [], 'x'), 'content-type  undocumented');
  assert.equal(check(operation, 500, [], ''), 'status  undocumented');
  assert.equal(check(operation, 304, [], ''), '');
  assert.equal(
    check(operation, 404, ['content-type', 'application/problem+json'], '[]'),
    'body  type',
  );
});

test('members that no schema documents are found', () => {
  const operation = openOperation({ responses });
  const body = '{"iban":"a","balance":1,"owner":{"name":"x","age":3}}';
  assert.equal(check(operation, 200, JSON_ANSWER, body), ' | /balance | /owner/age');
  const unasked = operation.checkAnswer(200, headers(...JSON_ANSWER), utf8(body), BOUNDS, {
    findUndocumented: false,
  });
  assert.deepEqual(unasked.undocumented, []);
});

test('an answer without content that comes in chunks, of which there are none, is what was described', () => {
  const operation = openOperation({ responses: { 201: { description: '' }, ...responses } });
  const chunked = ['transfer-encoding', 'chunked'];
  assert.equal(expect(operation, 201, ...chunked), 'validate');
  assert.equal(check(operation, 201, chunked, ''), '');
  assert.equal(check(operation, 201, chunked, 'x'), 'content-type  undocumented');
  assert.match(expect(operation, 201, ...chunked, 'content-type', 'text/plain'), /undocumented/);
  assert.match(expect(operation, 200, ...chunked), /undocumented/, 'where content is described');
});

test('an answer to HEAD has headers only', () => {
  const operation = openOperation({ responses }, { method: 'head' });
  assert.equal(expect(operation, 200, ...JSON_ANSWER, 'content-length', '20'), 'validate');
  assert.equal(check(operation, 200, JSON_ANSWER, ''), '');
});

test('Set-Cookie repeats without being a list', () => {
  const operation = openOperation({
    responses: {
      200: {
        description: '',
        headers: { 'Set-Cookie': { schema: { type: 'string', maxLength: 5 } } },
      },
    },
  });
  assert.equal(check(operation, 200, ['set-cookie', 'a=1', 'set-cookie', 'b=2'], ''), '');
  assert.equal(
    check(operation, 200, ['set-cookie', 'a=1', 'set-cookie', 'b=2345'], ''),
    'header Set-Cookie maxLength',
  );
});

test('multipart answers, with headers of their parts', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const encoding = { n: { headers: { 'X-N': { schema: { type: 'integer' } } } } };
  const operation = openOperation({
    responses: {
      200: { description: '', content: { 'multipart/form-data': { schema, encoding } } },
    },
  });
  const type = ['content-type', 'multipart/form-data; boundary=X'];
  const body = (header: string, value: string) =>
    `--X\r\nContent-Disposition: form-data; name="n"\r\nX-N: ${header}\r\n\r\n${value}\r\n--X--`;
  assert.equal(check(operation, 200, type, body('1', '1')), '');
  assert.equal(check(operation, 200, type, body('x', 'x')), 'body X-N/n type; body /n type');
});

test('what may only be sent does not leave by an answer that is cut down to what was promised', () => {
  const secret = { type: 'string', writeOnly: true };
  const cut = (schema: object, body: string, schemas = {}) => {
    const operation = openOperation(
      { responses: { 200: { description: '', content: { 'application/json': { schema } } } } },
      { rest: { components: { schemas } } },
    );
    const answer = utf8(body);
    const type = headers('content-type', 'application/json');
    return operation.checkAnswer(200, type, answer, BOUNDS, { findUndocumented: true })
      .undocumented;
  };
  const user = { type: 'object', properties: { id: {}, secret } };
  assert.deepEqual(cut(user, '{"id":1,"secret":"s"}'), ['/secret']);
  assert.deepEqual(cut(user, '{"id":1}'), []);
  const many = JSON.stringify({ list: Array.from({ length: 40 }, () => ({ id: 1, secret: 's' })) });
  const list = { type: 'object', properties: { list: { type: 'array', items: user } } };
  assert.equal(cut(list, many).length, 40, 'however many there are');
  const schemas = { User: user, Admin: { allOf: [{ $ref: '#/components/schemas/User' }] } };
  assert.deepEqual(cut({ $ref: '#/components/schemas/Admin' }, '{"secret":"s"}', schemas), [
    '/secret',
  ]);
  // One of the schemas keeps it out, another lists it.
  const both = { allOf: [user, { properties: { secret: { type: 'string' } } }] };
  assert.deepEqual(cut(both, '{"secret":"s"}'), ['/secret']);
  assert.deepEqual(cut({ anyOf: [user, { type: 'integer' }] }, '{"secret":"s"}'), ['/secret']);
  const hidden = { $ref: '#/components/schemas/Hidden' };
  const named = { Hidden: secret };
  assert.deepEqual(cut({ properties: { a: hidden } }, '{"a":"s"}', named), ['/a']);
  const patterned = { type: 'object', patternProperties: { '^s': secret } };
  assert.deepEqual(cut(patterned, '{"s1":"s","t":1}'), ['/s1']);
  assert.deepEqual(cut({ type: 'object', additionalProperties: secret }, '{"x":"s"}'), ['/x']);
});

test('a list or object where the description has none does not carry secrets past the cutting', () => {
  const described = {
    type: 'object',
    properties: {
      a: { type: 'string' },
      o: { type: 'object' },
      l: { type: 'array', items: { type: 'object', properties: { id: {} } } },
    },
  };
  const schemas = { Described: described };
  const look = (body: string, schema: object = described) => {
    const operation = openOperation(
      { responses: { 200: { description: '', content: { 'application/json': { schema } } } } },
      { rest: { components: { schemas } } },
    );
    const type = headers('content-type', 'application/json');
    const { undocumented, isUncuttable } = operation.checkAnswer(200, type, utf8(body), BOUNDS, {
      findUndocumented: true,
    });
    return isUncuttable ? 'withheld' : undocumented.join();
  };
  for (const whole of ['[{"secret":1}]', '"S3"', '7', 'true']) {
    assert.equal(look(whole), 'withheld', whole);
    assert.equal(look(whole, { $ref: '#/components/schemas/Described' }), 'withheld', whole);
    assert.equal(look(whole, { allOf: [described, {}] }), 'withheld', whole);
    assert.equal(look(whole, { anyOf: [described, { type: 'null' }] }), 'withheld', whole);
  }
  assert.equal(look('{"a":{"secret":1},"o":{}}'), '/a');
  assert.equal(look('{"l":{"secret":1},"o":[{"secret":2}]}'), '/l,/o');
  assert.equal(look('{"l":[{"id":1},[{"secret":2}],{"id":3,"secret":4}]}'), '/l/1,/l/2/secret');
  assert.equal(
    look('{"l":[],"o":{"any":[1]},"a":5}'),
    '',
    'a plain value of another type is only told',
  );
  assert.equal(look('null'), '');
  assert.equal(look('[1]', { type: ['object', 'array'] }), '');
});

test('ranges of media types', () => {
  const operation = openOperation({
    responses: { 200: { description: '', content: { '*/*': { schema: account } } } },
  });
  assert.equal(check(operation, 200, ['content-type', 'application/json'], '{}'), 'body  required');
  const evasion = 'content-type  undocumented';
  assert.equal(expect(operation, 200, 'content-type', 'application/pdf'), evasion);
  const files = openOperation({
    responses: { 200: { description: '', content: { '*/*': { schema: { type: 'string' } } } } },
  });
  assert.equal(expect(files, 200, 'content-type', 'application/pdf'), 'opaque');
});
