import assert from 'node:assert/strict';
import querystring from 'node:querystring';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUNDS, headers, openOperation, utf8 } from '../testing.fixture.ts';
import {
  check,
  FORM,
  MULTIPART,
  multipart,
  optional,
  pay,
  withForm,
} from './form-fields.fixture.ts';

test('no charset makes other characters of a body than those that were checked', () => {
  const operation = withForm(pay);
  const json = openOperation({
    requestBody: {
      content: { 'application/json': {}, 'text/plain': { schema: { type: 'string' } } },
    },
  });
  for (const [type, body, expected] of [
    ['us-ascii', 'amount=1&note=%C3%A9', 'content-type  charset'],
    ['ascii', 'amount=1&note=\u00e9', 'content-type  charset'],
    ['utf-8', 'amount=1&note=\u00e9', 'body  escapes'],
    ['us-ascii', 'amount=1&note=%41', ''],
    ['utf-8', 'amount=1&note=%C3%A9', ''],
    ['utf-8', 'amount=1&_charset_=utf-16', 'body  charset'],
    ['utf-8', 'amount=1&_CHARSET_=utf-8', 'body  charset'],
    ['utf-8', 'amount=1&_charset_=UTF-8', ''],
    ['utf-8', 'amount=1&_charset_=UTF-8&_charset_=iso-8859-1', 'body  charset'],
  ] as const) {
    assert.equal(check(operation, `${FORM}; charset=${type}`, body), expected, `${type} ${body}`);
  }
  for (const type of ['application/json', 'text/plain']) {
    assert.equal(check(json, `${type}; charset=us-ascii`, '"\u00e9"'), 'content-type  charset');
    assert.equal(check(json, `${type}; charset=us-ascii`, '"e"'), '');
    assert.equal(check(json, `${type}; charset=utf-8`, '"\u00e9"'), '');
  }
  const typed = (charset: string, note: string) =>
    check(
      operation,
      MULTIPART,
      multipart(
        ['name="amount"', '1'],
        [`name="note"\r\nContent-Type: text/plain; charset=${charset}`, note],
      ),
    );
  for (const charset of ['us-ascii', 'ISO-8859-1', 'windows-1252', 'latin1']) {
    assert.equal(typed(charset, '\u00e9'), 'body /note charset', charset);
    assert.equal(typed(charset, 'e'), '', charset);
  }
  assert.equal(typed('UTF-8', '\u00e9'), '');
  for (const charset of ['utf-7', 'utf-16', 'shift_jis', 'iso-2022-jp', 'ebcdic-us']) {
    assert.equal(typed(charset, 'e'), 'body /note charset', charset);
  }
  const whole = (charset: string, note: string) =>
    check(
      operation,
      `${MULTIPART}; charset=${charset}`,
      multipart(['name="amount"', '1'], ['name="note"', note]),
    );
  assert.equal(whole('us-ascii', '\u00e9'), 'body  charset');
  assert.equal(whole('us-ascii', 'e'), '');
});

test('the hidden field that says UTF-8 is accepted, and no other', () => {
  const strict = { ...pay, additionalProperties: false };
  for (const operation of [withForm(pay), withForm(strict)]) {
    const said = (charset: string, head = 'name="_charset_"') =>
      check(operation, MULTIPART, multipart([head, charset], ['name="amount"', '1']));
    assert.equal(said('UTF-8'), '');
    assert.equal(said('utf-8'), '');
    assert.equal(said('utf-16'), 'body  charset');
    assert.equal(said('utf-8 '), 'body  charset');
    assert.equal(said(''), 'body  charset');
    assert.equal(said('utf-8', 'name="_charset_"; filename="x"'), 'body  charset');
    assert.equal(said('utf-8', 'name="_Charset_"'), 'body  charset');
    assert.equal(check(operation, FORM, 'amount=1&_charset_=UTF-8'), '');
  }
});

/** What a service has under a name, however it came there. */
const isLike = (name: string) => /^[^a-z]*amount(?![a-z_-])/i.test(name.replaceAll('\ufeff', ''));

test('whatever names are sent: where they are accepted, other parsers have the same values', async () => {
  const operation = withForm(optional);
  const name = fc
    .tuple(
      fc.constantFrom('', '', '', ' ', "'", '[', '?', '%', '.', '!', 'x.', '\ufeff'),
      fc.constantFrom('amount', 'amount', 'Amount', 'note', 'x', 'list'),
      fc.constantFrom(
        '',
        '',
        '',
        ' ',
        "'",
        '[]',
        '[0]',
        '[x]',
        '.x',
        ']',
        '\0',
        ';',
        '&',
        '=',
        's',
      ),
    )
    .map((pieces) => pieces.join(''));
  const value = fc.constantFrom('1', '99', '99999', 'x', '', 'a;b', 'a&amount=9');
  const written = fc.constantFrom(encodeURIComponent, (text: string) => text.replaceAll(' ', '+'));
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, value, written), { minLength: 1, maxLength: 4 }),
      async (fields) => {
        const form = fields
          .map(([key, text, write]) => `${write(key)}=${encodeURIComponent(text)}`)
          .join('&');
        const body = multipart(...fields.map(([key, text]) => [`name="${key}"`, text] as const));
        for (const [type, text] of [
          [FORM, form],
          [MULTIPART, body],
        ] as const) {
          const { violations, value: read } = operation.checkBody(
            headers('content-type', type),
            utf8(text),
            BOUNDS,
          );
          if (violations.length > 0) continue;
          accepted++;
          const mine = (read as { amount?: number }).amount;
          const theirs = [...(await fieldsOf(type, text))].filter(([key]) => isLike(key));
          assert.deepEqual(
            theirs,
            mine === undefined ? [] : [['amount', String(mine)]],
            JSON.stringify(text),
          );
        }
      },
    ),
    { numRuns: 2_000, seed: 24 },
  );
  assert.ok(accepted > 500, `${accepted}`);
});

/** By the parsers that come with Node. */
async function fieldsOf(type: string, text: string): Promise<Iterable<readonly [string, unknown]>> {
  if (type === FORM) {
    const flat = Object.entries(querystring.parse(text)).flatMap(([key, values]) =>
      [values].flat().map((one) => [key, one] as const),
    );
    assert.deepEqual(
      flat.filter(([key]) => isLike(key)),
      [...new URLSearchParams(text)].filter(([key]) => isLike(key)),
    );
    return flat;
  }
  return new Response(text, { headers: { 'content-type': type } }).formData();
}
