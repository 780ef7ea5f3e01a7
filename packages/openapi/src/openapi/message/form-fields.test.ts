import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../processor-time.fixture.ts';
import { openOperation, parts, told } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';
import {
  amount,
  check,
  FORM,
  MULTIPART,
  multipart,
  optional,
  pay,
  withForm,
} from './form-fields.fixture.ts';

/** The same field of that name in each way to write a body. */
function inEachBody(operation: ApiOperation, name: string, rest = ''): string[] {
  const form = `${rest}${encodeURIComponent(name)}=99999`;
  const before = rest === '' ? [] : ([['name="amount"', '1']] as const);
  return [
    check(operation, FORM, form),
    check(operation, MULTIPART, multipart(...before, [`name="${name}"`, '99999'])),
  ];
}

const ALIKE = [
  ...[' amount', 'amount ', '\u00a0amount', 'amount\u3000', '\u200bamount'],
  ...[
    "'amount'",
    '`amount`',
    '\u201camount\u201d',
    'amount[]',
    'amount[0]',
    'amount[x]',
    'amount[',
  ],
  ...[
    'amount]',
    '[amount]',
    '[amount',
    'amount.x',
    'amount.',
    '.amount',
    'amount[0].x',
    'amount[][x]',
  ],
  ...[
    'Amount',
    'AMOUNT',
    'amo\u{ff55}nt',
    'amou\u00adnt',
    '\ufeffamount',
    '%61mount',
    'amo%2575nt',
  ],
  ...[
    'amount(1i)',
    'amount:int',
    '!amount',
    '?amount',
    '#amount',
    'amount;x',
    'amount,x',
    '{amount}',
  ],
  ...['pay.amount', 'pay[amount]', 'a.b.amount', 'x[0].amount', 'amount*', 'amount/x', 'amount+'],
];

test('a field that some service takes for a described one does not carry past its schema', () => {
  const required = withForm(pay);
  const free = withForm(optional);
  for (const name of ALIKE) {
    for (const found of [...inEachBody(required, name, 'amount=1&'), ...inEachBody(free, name)]) {
      assert.equal(found, 'body /amount look-alike', JSON.stringify(name));
    }
  }
  // What a part's header cannot hold, a form can.
  for (const name of [
    'amount%09',
    'amount%E2%80%A8',
    '%C2%85amount',
    '%00amount',
    'amount%00',
    'amount%00x',
    'amount%0A',
    '%22amount%22',
  ]) {
    assert.equal(check(required, FORM, `amount=1&${name}=9`), 'body /amount look-alike', name);
  }
  assert.equal(
    check(required, MULTIPART, multipart(['name="amount"', '1'], ["name='amount'", '9'])),
    'body /amount look-alike',
  );
  assert.equal(
    check(required, MULTIPART, multipart(['name="amount"', '1'], ['name="amount\t"', '9'])),
    'body /amount look-alike',
  );
  assert.equal(
    check(required, MULTIPART, multipart(['name="amount"', '1'], ['name=amount[]', '9'])),
    'body  content-disposition',
  );
  // PHP writes '_' for what its variables cannot have.
  const underscored = withForm({ type: 'object', properties: { my_amount: amount } });
  for (const name of [
    'my.amount',
    'my amount',
    ' my amount',
    'my[amount',
    'my.amount[x]',
    'My.Amount',
  ]) {
    for (const found of inEachBody(underscored, name)) {
      assert.equal(found, 'body /my_amount look-alike', name);
    }
  }
  // And ends them before that at a NUL.
  for (const name of [
    ...[
      'my%5Bamount%00q',
      'my+amount%00%3D',
      'my.amount%00]',
      '+my+amount%00',
      'my%5Bamount%2500q',
    ],
    ...['MY+AMOUNT%00.x', 'my+amount%0Aq', 'my%5Bamount%E2%80%A8q', 'my+amount%00[x]'],
  ]) {
    assert.equal(check(underscored, FORM, `${name}=9`), 'body /my_amount look-alike', name);
  }
  assert.equal(check(required, FORM, '\ufeffamount=1'), 'body  escapes');
});

test("fields that no service takes for described ones are nobody's business", () => {
  const operation = withForm(optional);
  for (const name of [
    ...[
      'amounts',
      'amount_id',
      'amount-2',
      'my_amount',
      'x',
      'a b',
      'a.b',
      'list[]',
      'list[0][id]',
    ],
    ...[
      '@amount',
      '$x',
      '\u00e9',
      '\u{1f600}',
      '[]',
      '.',
      'note2',
      'id=1',
      'constructor',
      '_',
      '--',
    ],
  ]) {
    assert.deepEqual(inEachBody(operation, name), ['', ''], name);
  }
  assert.equal(
    check(operation, FORM, 'list[0][id]=1&list[0][name]=2&list[1][id]=3&send.x=1&send.y=2'),
    '',
  );
  assert.equal(check(operation, FORM, ''), '');
});

test('a field in the writing of another language does not pass beside the described one', () => {
  const value = { type: 'string', maxLength: 3 };
  const properties = { accountNumber: value, memo_text: value, 'x-y': value };
  const operation = withForm({ type: 'object', properties });
  const spellings: Readonly<Record<string, readonly string[]>> = {
    accountNumber: [
      ...['account_number', 'account-number', 'ACCOUNT_NUMBER', 'Account-Number', '_accountnumber'],
      ...['account_number[]', 'pay.account_number', 'account_number.x', "'account-number'"],
    ],
    memo_text: ['memoText', 'memotext', 'memo-text', 'memo.text'],
    'x-y': ['xY', 'x_y', 'xy'],
  };
  for (const [described, names] of Object.entries(spellings)) {
    const found = `body /${described} look-alike`;
    for (const name of names) assert.deepEqual(inEachBody(operation, name), [found, found], name);
  }
  // What the description itself has is never refused, and two that it has are both meant.
  const both = withForm({ type: 'object', properties: { typeName: {}, type_name: {} } });
  assert.deepEqual(inEachBody(both, 'typeName'), ['', '']);
  assert.deepEqual(inEachBody(both, 'type_name'), ['', '']);
  assert.deepEqual(inEachBody(both, 'x'), ['', '']);
  // A form may have a field called method, and still no `_method`.
  assert.deepEqual(inEachBody(both, 'method'), ['', '']);
  assert.deepEqual(inEachBody(both, '_method'), Array(2).fill('body  method-override'));
});

test('two fields that nobody describes are not one for some service, where one of them is checked', () => {
  const operation = withForm({ type: 'object', additionalProperties: amount });
  for (const [left, right] of [
    ['a', 'A'],
    ['a', 'a[]'],
    ['a[x]', 'a'],
    ['a.b', 'a[b]'],
    ['a', ' a'],
    ['a_b', 'a.b'],
  ] as const) {
    const form = `${encodeURIComponent(left)}=1&${encodeURIComponent(right)}=1`;
    assert.equal(check(operation, FORM, form), 'body  look-alike', form);
    const body = multipart([`name="${left}"`, '1'], [`name="${right}"`, '1']);
    assert.equal(check(operation, MULTIPART, body), 'body  look-alike', form);
  }
  assert.equal(check(operation, FORM, 'a=1&b=2&aa=3'), '');
});

test('a name that is described passes as it is described', () => {
  const operation = withForm({
    type: 'object',
    properties: {
      'amount[]': { type: 'array', items: amount },
      amount,
      Amount: amount,
      'pay.amount': amount,
      _method: { enum: ['PUT'] },
      _charset_: { type: 'string' },
    },
  });
  const form = 'amount[]=1&amount%5B%5D=2&amount=3&Amount=4&pay.amount=5&_method=PUT&_charset_=x';
  assert.equal(check(operation, FORM, form), '');
  assert.equal(check(operation, FORM, 'amount[]=1&amount[]=101'), 'body /amount[]/1 maximum');
  assert.equal(check(operation, FORM, 'AMOUNT=1'), 'body /amount[] look-alike');
});

test('no field of a body or query runs another method than the one that was authorised', () => {
  const operation = withForm(optional);
  for (const name of [
    ...[
      '_method',
      '_METHOD',
      '_Method',
      ' _method',
      '_method[]',
      '_method.x',
      'X-HTTP-Method-Override',
    ],
    ...['x-http-method', 'x-method-override', '__method', '%5Fmethod'],
  ]) {
    for (const found of inEachBody(operation, name)) {
      assert.equal(found, 'body  method-override', name);
    }
  }
  const query = (allowed: string[], parameters: object[]) => {
    const found = openOperation(
      { parameters },
      { settings: { allowUndocumentedQuery: allowed } },
    ).checkParameters(parts({ query: '_method=DELETE' }));
    return told(found);
  };
  const open = { name: 'o', in: 'query', schema: { type: 'object', additionalProperties: true } };
  assert.equal(query([], []), 'query  undocumented');
  assert.equal(query([], [open]), 'query  method-override');
  assert.equal(query(['_method'], [open]), '');
  assert.equal(query([], [{ name: '_method', in: 'query', schema: { type: 'string' } }]), '');
});

test('no member of a JSON body runs another method either, unless it is described', () => {
  const json = (schema: object | undefined, text: string) =>
    check(
      openOperation({ requestBody: { content: { 'application/json': schema ? { schema } : {} } } }),
      'application/json',
      text,
    );
  for (const schema of [undefined, {}, optional, { type: 'object', additionalProperties: {} }]) {
    for (const name of ['_method', '_METHOD', '__method', '\\u005fmethod']) {
      assert.equal(json(schema, `{"${name}":"DELETE"}`), 'body  method-override', name);
    }
    assert.equal(json(schema, '{"method":"DELETE","a":{"_method":"x"},"_id":1}'), '');
    assert.equal(json(schema, '{"x-http-method":"x"}'), '');
  }
  const described = { type: 'object', properties: { _method: { enum: ['PUT'] } } };
  assert.equal(json(described, '{"_method":"PUT"}'), '');
  assert.equal(json(described, '{"_method":"DELETE"}'), 'body /_method enum');
});

test('in a query, members of objects and allowed names are not other names for what is described', () => {
  const operation = openOperation(
    {
      parameters: [
        { name: 'n', in: 'query', schema: amount },
        {
          name: 'filter',
          in: 'query',
          style: 'deepObject',
          schema: {
            type: 'object',
            properties: { max: amount, sub: { type: 'object', properties: { x: amount } } },
            additionalProperties: true,
          },
        },
        { name: 'free', in: 'query', schema: { type: 'object', additionalProperties: true } },
      ],
    },
    { settings: { allowUndocumentedQuery: ['utm.source', 'N'] } },
  );
  for (const [query, expected] of [
    ['filter[max]=1&filter[sub][x]=2&filter[other]=z&n=1&k=v&utm.source=x', ''],
    ['n=1&n[]=101', 'query n look-alike'],
    ['n=1&N=101', 'query n look-alike'],
    ['%20n=101', 'query n look-alike'],
    ['n%00=101', 'query n look-alike'],
    ['x.n=101', 'query n look-alike'],
    ['filter[Max]=101', 'query filter/Max look-alike'],
    ['filter[max%20]=101', 'query filter/max look-alike'],
    ['filter[max]=1&filter.max=101', 'query filter look-alike'],
    ['Filter[max]=101', 'query filter look-alike'],
    ['filter[sub].x=101', 'query filter style'],
    ['filter%5Bsub%5D%5BX%5D=101', 'query filter/sub/X look-alike'],
    ['filter=x', 'query filter style'],
    ['free[n]=101', 'query free look-alike'],
    ['a=1&A=2', 'query  look-alike'],
    ['n[]=1&n[]=2', 'query n look-alike'],
    ['n[]=1&n[]=2&zz=1&zz=2', 'query n look-alike'],
    ['zz=1&zz=2', 'query free duplicate'],
  ] as const) {
    assert.equal(told(operation.checkParameters(parts({ query }))), expected, query);
  }
});

test('a raw semicolon hides no pair of a query or form: services drop it, or begin another pair', () => {
  const operation = openOperation({
    parameters: ['a', 'n'].map((name) => ({ name, in: 'query', schema: { type: 'string' } })),
  });
  const form = withForm(pay);
  for (const query of ['a=mine;&n=5', 'a=1;n=99', 'a=1&n;=2', ';', 'a=1;']) {
    assert.equal(told(operation.checkParameters(parts({ query }))), 'query  semicolon', query);
    assert.equal(check(form, FORM, query), 'body  semicolon', query);
  }
  assert.equal(check(form, FORM, 'amount=1&z=a;amount=1000000'), 'body  semicolon');
  assert.equal(told(operation.checkParameters(parts({ query: 'a=mine%3B&n=5' }))), '');
  assert.equal(check(form, FORM, 'amount=1&note=a%3Bb'), '');
});

test('thousands of undescribed fields cost no more than their bytes', () => {
  const operation = withForm(pay);
  const names = [
    (index: number) => `a${'.b'.repeat(500)}${index}`,
    (index: number) => `x[${index}]${'['.repeat(200)}`,
    (index: number) => `${' '.repeat(500)}${index}`,
    (index: number) => `%25${'25'.repeat(200)}${index}`,
  ];
  const usedMs = processorMs(() => {
    for (const name of names) {
      const pairs = Array.from({ length: 999 }, (_, index) => `${name(index)}=1`);
      check(operation, FORM, `amount=1&${pairs.join('&')}`);
    }
  });
  // Quadratic, it would be minutes.
  assert.ok(usedMs < 20_000, `${usedMs}`);
});
