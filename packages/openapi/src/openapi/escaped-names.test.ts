import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFaultyRuntime } from '../json/faulty-parse.fixture.ts';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from './testing.fixture.ts';

const amount = { type: 'integer', minimum: 1, maximum: 100 };
const payment = { type: 'object', required: ['amount'], properties: { amount } };
const POISON = '{"amount":1,"\\\\u0061":0}';
/** Read with `amount` under another name, both would pass for a payment of 1 and something unknown. */
const TWICE = '{"amount":1,"\\u0061mount":-1000000}';
const HIDDEN = '{"\\u0061mount":-1000000}';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';
const inForm = (text: string) => `payment=${encodeURIComponent(text)}`;
const inPart = (text: string) =>
  `--b\r\ncontent-disposition: form-data; name="payment"\r\n\r\n${text}\r\n--b--\r\n`;

const operation = openOperation({
  parameters: [
    { name: 'q', in: 'query', content: { 'application/json': { schema: payment } } },
    { name: 'x-h', in: 'header', content: { 'application/json': { schema: payment } } },
    { name: 'c', in: 'cookie', content: { 'application/json': { schema: payment } } },
  ],
  requestBody: {
    content: {
      'application/json': { schema: payment },
      [FORM]: { schema: { type: 'object', properties: { payment } } },
      'multipart/form-data': { schema: { type: 'object', properties: { payment } } },
    },
  },
  responses: { 200: { description: '', content: { 'application/json': { schema: payment } } } },
});

const body = (type: string, text: string) =>
  told(operation.checkBody(headers('content-type', type), utf8(text), BOUNDS).violations);

const READERS: readonly (readonly [where: string, read: (text: string) => string])[] = [
  ['body', (text) => body('application/json', text)],
  ['form', (text) => body(FORM, inForm(text))],
  ['multipart', (text) => body(MULTIPART, inPart(text))],
  [
    'query',
    (text) => told(operation.checkParameters(parts({ query: `q=${encodeURIComponent(text)}` }))),
  ],
  ['header', (text) => told(operation.checkParameters(parts({ headers: headers('x-h', text) })))],
  [
    'cookie',
    (text) =>
      told(
        operation.checkParameters(
          parts({ headers: headers('cookie', `c=${encodeURIComponent(text)}`) }),
        ),
      ),
  ],
  [
    'answer',
    (text) => {
      const type = headers('content-type', 'application/json');
      const options = { findUndocumented: true };
      return told(operation.checkAnswer(200, type, utf8(text), BOUNDS, options).violations);
    },
  ],
];

for (const [where, read] of READERS) {
  test(`an escaped name carries no forbidden value past the schema: ${where}`, async () => {
    await onFaultyRuntime(() => {
      for (let round = 0; round < 4; round++) read(POISON);
      assert.match(read(TWICE), /duplicate-key/);
      assert.match(read(HIDDEN), /minimum/);
      assert.equal(read('{"\\u0061mount":100}'), '');
    });
  });
}

test('an answer loses the undocumented member that is spelled with an escape, and no other', async () => {
  await onFaultyRuntime(() => {
    const { undocumented } = operation.checkAnswer(
      200,
      headers('content-type', 'application/json'),
      utf8('{"\\u0061mount":5,"\\u0070in":1}'),
      BOUNDS,
      { findUndocumented: true },
    );
    assert.deepEqual(undocumented, ['/pin']);
  });
});
