import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../processor-time.fixture.ts';
import { headers, openOperation, parts, told } from '../testing.fixture.ts';

const string = { type: 'string' };
const integer = { type: 'integer' };
const number = { type: 'number' };
const integers = { type: 'array', items: integer };
const color = {
  type: 'object',
  properties: { R: integer, G: integer, B: integer },
  required: ['R'],
  additionalProperties: false,
};
const oneOf = (...values: unknown[]) => ({ enum: values });

type Case = readonly [wire: string, told: string];

function pathTable(name: string, parameter: object, cases: readonly Case[]): void {
  test(name, () => {
    const operation = openOperation(
      { parameters: [{ name: 'p', in: 'path', required: true, ...parameter }] },
      { path: '/x/{p}' },
    );
    for (const [raw, expected] of cases) {
      const found = operation.checkParameters(parts({ pathValues: [raw] }));
      assert.equal(told(found), expected, raw);
    }
  });
}

pathTable('path, simple: primitives', { schema: integer }, [
  ['5', ''],
  ['+5', 'path p type'],
  ['0x5', 'path p type'],
  ['%35', ''],
  ['%', 'path p encoding'],
]);
pathTable("path: '+' is itself", { schema: oneOf('a+b') }, [
  ['a+b', ''],
  ['a%2Bb', ''],
  ['a%20b', 'path p enum'],
]);
pathTable('path, simple: arrays', { schema: integers }, [
  ['3,4,5', ''],
  ['3', ''],
  ['3,', 'path p/1 type'],
  ['3%2C4', ''],
  ['3%2Cx', 'path p/1 type'],
]);
pathTable('path, simple: objects', { schema: color }, [
  ['R,100,G,200,B,150', ''],
  ['R=100,G=200', 'path p required; path p/R=100 additionalProperties'],
  ['R,100,G', 'path p style'],
]);
pathTable('path, simple exploded: objects', { explode: true, schema: color }, [
  ['R=100,G=200,B=150', ''],
  ['R=100,G', 'path p style'],
  ['R=x', 'path p/R type'],
]);
pathTable('path, label: primitives', { style: 'label', schema: number }, [
  ['.5', ''],
  ['.3.14', ''],
  ['5', 'path p style'],
]);
pathTable('path, label: arrays', { style: 'label', schema: integers }, [
  ['.3,4,5', ''],
  ['.3.4.5', 'path p/0 type'],
]);
pathTable('path, label exploded: arrays', { style: 'label', explode: true, schema: integers }, [
  ['.3.4.5', ''],
  ['.3,4', 'path p/0 type'],
  ['.', 'path p/0 type'],
]);
pathTable('path, label: objects', { style: 'label', schema: color }, [['.R,100,G,200,B,150', '']]);
pathTable('path, label exploded: objects', { style: 'label', explode: true, schema: color }, [
  ['.R=100.G=200.B=150', ''],
  ['.R.100', 'path p style'],
]);
pathTable('path, matrix: primitives', { style: 'matrix', schema: string }, [
  [';p=5', ''],
  [';p', ''],
  [';p=', ''],
  [';q=5', 'path p style'],
  ['p=5', 'path p style'],
]);
pathTable('path, matrix: arrays', { style: 'matrix', schema: integers }, [
  [';p=3,4,5', ''],
  [';p=3;p=4', 'path p/0 type'],
]);
pathTable('path, matrix exploded: arrays', { style: 'matrix', explode: true, schema: integers }, [
  [';p=3;p=4;p=5', ''],
  [';p=3;q=4', 'path p style'],
]);
pathTable('path, matrix: objects', { style: 'matrix', schema: color }, [[';p=R,100,G,200', '']]);
pathTable('path, matrix exploded: objects', { style: 'matrix', explode: true, schema: color }, [
  [';R=100;G=200;B=150', ''],
  [';p=R,100', 'path p required; path p/p additionalProperties'],
]);
pathTable('path, JSON content', { content: { 'application/json': { schema: color } } }, [
  ['%7B%22R%22%3A1%7D', ''],
  ['x', 'path p json-syntax'],
]);

test('headers: simple style, no percent-decoding', () => {
  const operation = openOperation({
    parameters: [
      { name: 'X-N', in: 'header', required: true, schema: integer },
      { name: 'X-L', in: 'header', schema: integers },
      { name: 'X-O', in: 'header', schema: color },
      { name: 'X-E', in: 'header', explode: true, schema: color },
      { name: 'X-S', in: 'header', schema: { type: 'string', maxLength: 3 } },
      { name: 'X-J', in: 'header', content: { 'application/json': { schema: integers } } },
      { name: 'Authorization', in: 'header', required: true, schema: integer },
      { name: 'Accept', in: 'header', required: true, schema: integer },
      { name: 'content-type', in: 'header', required: true, schema: integer },
    ],
  });
  const cases: readonly (readonly [string[], string])[] = [
    [['x-n', '5'], ''],
    [['x-n', ' 5\t'], ''],
    [[], 'header X-N required'],
    [['x-n', '5', 'x-n', '5'], 'header X-N duplicate'],
    [['x-n', '5', 'x-l', '1, 2', 'x-l', '3'], ''],
    [['x-n', '5', 'x-l', '1,,2'], 'header X-L/1 type'],
    [['x-n', '5', 'x-o', 'R,1,G,2'], ''],
    [['x-n', '5', 'x-e', 'R=1, G=2'], ''],
    [['x-n', '5', 'x-e', 'R,1'], 'header X-E style'],
    [['x-n', '5', 'x-s', '%41'], ''],
    [['x-n', '5', 'x-s', '%41%42'], 'header X-S maxLength'],
    [['x-n', '5', 'x-s', '%zz'], ''],
    [['x-n', '5', 'x-j', '[1,2]'], ''],
    [['x-n', '5', 'x-j', '[1,"2"]'], 'header X-J/1 type'],
    [['x-n', '%35'], 'header X-N type'],
  ];
  for (const [flat, expected] of cases) {
    const found = operation.checkParameters(parts({ headers: headers(...flat) }));
    assert.equal(told(found), expected, flat.join(' '));
  }
});

test('cookies: lenient about strangers, strict about the documented', () => {
  const operation = openOperation({
    parameters: [
      { name: 'n', in: 'cookie', required: true, schema: integer },
      { name: 'l', in: 'cookie', explode: false, schema: integers },
      { name: 'e', in: 'cookie', schema: integers },
      { name: 'o', in: 'cookie', schema: color },
      { name: 's', in: 'cookie', schema: oneOf('a+b', 'a b') },
    ],
  });
  const cases: readonly (readonly [string, string])[] = [
    ['n=5', ''],
    ['other=1; n=5; =x; bare; other=2', ''],
    ['', 'cookie n required'],
    ['n=5; n=5', 'cookie n duplicate'],
    ['n=x', 'cookie n type'],
    ['n="5"', 'cookie n type'],
    ['n=5; l=1,2', ''],
    ['n=5; e=1&e=2', ''],
    ['n=5; e=1; e=2', 'cookie e duplicate'],
    ['n=5; R=1&G=2', ''],
    ['n=5; s=a+b', ''],
    ['n=5; s=a%20b', 'cookie s escapes-kept'],
    ['n=%', 'cookie n encoding'],
  ];
  for (const [cookie, expected] of cases) {
    const found = operation.checkParameters(parts({ headers: headers('cookie', cookie) }));
    assert.equal(told(found), expected, cookie);
  }
  const split = headers('cookie', 'n=5', 'cookie', 'n=6');
  assert.equal(told(operation.checkParameters(parts({ headers: split }))), 'cookie n duplicate');
});

test('a cookie that a service may read by another name does not get past its description', () => {
  const operation = openOperation({
    parameters: [
      { name: 'n', in: 'cookie', schema: integer },
      { name: 't', in: 'cookie', schema: oneOf('a') },
    ],
  });
  const cases: readonly (readonly [string, string])[] = [
    ['\u00a0n=x', 'cookie n look-alike'],
    ['n\u00a0=x', 'cookie n look-alike'],
    ['n=5; \u00a0n=x', 'cookie n look-alike'],
    ['n=5; "n"=x', 'cookie n look-alike'],
    ['n=5; \u00c2\u00a0n=x', 'cookie n look-alike'],
    ['n=5; \u00a0other=x', ''],
    ['n=5;\t t=a', ''],
    ['n=5\u00a0', 'cookie n character'],
    ['t=\u00a0a', 'cookie t character'],
    ['t=a\u00a0', 'cookie t character'],
  ];
  for (const [cookie, expected] of cases) {
    const found = operation.checkParameters(parts({ headers: headers('cookie', cookie) }));
    assert.equal(told(found), expected, JSON.stringify(cookie));
  }
});

test('a cookie that differs in case or encoding alone does not carry past what its description refuses', () => {
  const operation = openOperation({
    parameters: [
      { name: 'c', in: 'cookie', schema: integer },
      { name: 'd', in: 'cookie', schema: integer },
      { name: 'D', in: 'cookie', schema: integer },
    ],
  });
  const cases: readonly (readonly [string, string])[] = [
    ['c=1; C=x', 'cookie c look-alike'],
    ['c=1; %63=x', 'cookie c look-alike'],
    ['%63=x', 'cookie c look-alike'],
    ['%43=x; c=1', 'cookie c look-alike'],
    ['c=1; %2563=x', 'cookie c look-alike'],
    ['c=1; "C"=x', 'cookie c look-alike'],
    ['c=1; d=1; D=2; CC=x; %zz=x; %64%64=x', ''],
  ];
  for (const [cookie, expected] of cases) {
    const found = operation.checkParameters(parts({ headers: headers('cookie', cookie) }));
    assert.equal(told(found), expected, cookie);
  }
});

test('a cookie does not get past its description behind thousands of empty ones', () => {
  const operation = openOperation({ parameters: [{ name: 'n', in: 'cookie', schema: integer }] });
  for (const filler of [';', 'a=1;', '=;']) {
    const cookie = headers('cookie', `${filler.repeat(7_000)}n=x`);
    assert.equal(told(operation.checkParameters(parts({ headers: cookie }))), 'cookie n type');
  }
});

const cookiesOf = (...parameters: object[]) =>
  openOperation({ parameters: parameters.map((one) => ({ in: 'cookie', ...one })) });

function toldOf(operation: ReturnType<typeof openOperation>, ...cookies: string[]): string {
  const flat = cookies.flatMap((cookie) => ['cookie', cookie]);
  return told(operation.checkParameters(parts({ headers: headers(...flat) })));
}

test('a cookie within the value of another one does not carry past what its description refuses', () => {
  const operation = cookiesOf(
    { name: 'tier', schema: { type: 'integer', maximum: 5 } },
    { name: 'my_tier', schema: { type: 'integer', maximum: 5 } },
  );
  for (const cookie of [
    'tier=5; a=1 tier=99',
    'a=1 tier=99',
    'a=1\ttier=99',
    'a=1\u00a0tier=99',
    'a=1\u0085tier=99',
    'a=1,tier=99',
    'a=1, tier=99',
    'a="x"tier=99',
    'a="x" tier = 99',
    'a tier=99',
    'a=[tier=99]',
    'a=x\\tier=99',
    'a={"tier=99"}',
    'tier=5; a=x tier',
    'tier a=1',
    'a=x, tier',
    'a="x" tier',
    'tier tier',
    'a="tier=99',
    "'tier'=99",
    "a=1 'tier'=99",
    'a=b[tier=99',
    "'[tier=99",
    'a=1 TIER=99',
    'a=1 %74ier=99',
    'a=1 tier[]=99',
    'tier[]=99',
    'tier[0]=99',
    'tier%5B%5D=99',
    '=tier=99',
    ' = tier=99',
    '="tier=99',
    'tier; tier=5',
    'tier',
  ]) {
    assert.equal(toldOf(operation, cookie), 'cookie tier look-alike', JSON.stringify(cookie));
  }
  assert.match(toldOf(operation, 'my[tier=99'), /cookie my_tier look-alike/);
  for (const cookie of [
    ...['my.tier=99', 'my%20tier=99', 'a=1 my.tier=99'],
    ...['my%5Btier%00q=99', 'my%20tier%00%3D=99', 'my.tier%2500]=99'],
  ]) {
    assert.equal(toldOf(operation, cookie), 'cookie my_tier look-alike', cookie);
  }
});

test('cookies of others are their own matter, however they are written', () => {
  const operation = cookiesOf({ name: 'tier', schema: { type: 'integer', maximum: 5 } });
  for (const cookie of [
    '_ga=GA1.2.1.2; tier=5',
    'consent={"a": "x y", "tier": 9, "l": [1, 2]}; tier=5',
    'ref=https://x.example/?tier=9&b=1; tier=5',
    'm="{\\"a\\": 1\\054 2}"; tier=5',
    'q="a b, c=d"; tier=5',
    'tz=Europe/Berlin, 12:00 GMT; tier=5',
    'b64=YWJj==; tier=5',
    'tier.sig=abc; tier=5; mytier=9; tiers=9; x_tier=9',
    'odd="; u=\xc3\xa9; s=j:{"a":1}',
    'j=j:{"a":1}; tier=5',
    'a; =; ; tier=5',
  ]) {
    assert.equal(toldOf(operation, cookie), '', cookie);
  }
});

test('no service takes a described cookie for a part of another value, in quotes around it', () => {
  const operation = cookiesOf({ name: 'tier', schema: integer });
  for (const cookie of [
    'a="x; tier=4; y="',
    'a="x; tier=4',
    'a="x\\"; tier=4; y="',
    'a="; b; tier=4; c"; d=1',
    'a="x; tier=4"',
  ]) {
    assert.match(toldOf(operation, cookie), /^cookie tier (?:quotes|look-alike)$/, cookie);
  }
  for (const cookie of ['a="x; y"; tier=4', 'a="x\\""; tier=4', 'tier=4; a="x']) {
    assert.equal(toldOf(operation, cookie), '', cookie);
  }
});

test('a described cookie has one value, whoever unquotes, unescapes, cuts or parses it', () => {
  const operation = cookiesOf(
    { name: 'o', schema: { type: 'string', pattern: '^[^<]*$', minLength: 2 } },
    { name: 'e', schema: oneOf('"a"', 'a') },
    { name: 'f', schema: oneOf('"a"') },
    { name: 'n', content: { 'application/json': { schema: { type: 'object' } } } },
  );
  const cases: readonly (readonly [string, string])[] = [
    ['o="\\074x\\076"', 'cookie o quotes'],
    ['o="a\\"b"', 'cookie o quotes'],
    ['o="ab', 'cookie o quotes'],
    ['o="ab"c', 'cookie o quotes'],
    ['o="ab" c', 'cookie o quotes'],
    ['o="a b"', 'cookie o character'],
    ['o=ab,cd', 'cookie o character'],
    ['o=ab\\cd', 'cookie o character'],
    ['o=a"b', 'cookie o character'],
    ['o=ab cd', 'cookie o character'],
    ['o=ab ; a=1', 'cookie o character'],
    ['o= ab', 'cookie o character'],
    ['o=ab\tcd', 'cookie o character'],
    ['o=\xc3\xa9\xc3\xa9', 'cookie o character'],
    ['o="ab"', ''],
    // Two characters as they are written, none without the quotes.
    ['o=""', 'cookie o minLength'],
    ['e="a"', ''],
    ['f="a"', 'cookie f enum'],
    ['o=j:{"$ne":1}', 'cookie o character'],
    ['o=j:1', 'cookie o json-prefix'],
    ['o=ab[c]', 'cookie o character'],
    ['o=j%3A%7B%22$ne%22%3A1%7D', 'cookie o json-prefix'],
    ['o="j:1"', 'cookie o json-prefix'],
    ['o=J:1', ''],
    ['n={"a": "b"}', ''],
    ['n=j:{"a":1}', 'cookie n json-syntax'],
    ['n={"a": "\xe9"}', 'cookie n character'],
  ];
  for (const [cookie, expected] of cases) {
    assert.equal(toldOf(operation, cookie), expected, JSON.stringify(cookie));
  }
});

test('a described cookie fits its description decoded and undecoded, and as far as services read it', () => {
  const operation = cookiesOf(
    { name: 'tier', schema: oneOf('gold', 'silver') },
    { name: 'lang', schema: { type: 'string', maxLength: 5 } },
    { name: 'word', schema: { type: 'string', minLength: 3 } },
    { name: 'list', explode: false, schema: { type: 'array', items: oneOf('a', 'b') } },
    { name: 'kept', style: 'cookie', schema: { type: 'string', pattern: '^[A-Za-z%0-9]+$' } },
    {
      name: 'json',
      content: { 'application/json': { schema: { properties: { r: oneOf('u') } } } },
    },
  );
  const cases: readonly (readonly [string, string])[] = [
    ['tier=%67old', 'cookie tier escapes-kept'],
    ['lang=%65%6E%65%6E%65', 'cookie lang escapes-kept'],
    ['lang=%65n', ''],
    ['list=a,%62', 'cookie list escapes-kept'],
    ['kept=a%20b', 'cookie kept escapes-kept'],
    ['kept=a%41', ''],
    ['kept=a%', ''],
    ['word=a=b', 'cookie word cut-short'],
    ...[...'=<>()@?{}'].map((end) => [`word=ab${end}cd`, 'cookie word cut-short'] as const),
    ...[...'=<>()@?{}'].map((end) => [`word=abc${end}d`, ''] as const),
    ['word="a=bc"', ''],
    ['word=a/b:c', ''],
    ['json={"r":"u"}', ''],
    ['json=%7B%22r%22%3A%22u%22%7D', ''],
    ['json={"r":"%75"}', 'cookie json escapes-kept'],
    ['json={"%72":"a"}', 'cookie json/r enum'],
    ['json={"%72":"u","s":1}', ''],
  ];
  for (const [cookie, expected] of cases) {
    assert.equal(toldOf(operation, cookie), expected, cookie);
  }
});

test('a caller whose cookie is refused for another one is told that there is another one', () => {
  const operation = cookiesOf({ name: 'lang', schema: { type: 'string', maxLength: 5 } });
  for (const cookie of ['LANG=en_US', 'lang=en; hist=a, lang, b']) {
    const [found] = operation.checkParameters(parts({ headers: headers('cookie', cookie) }));
    assert.equal(found?.name, 'lang');
    assert.match(found?.expected ?? '', /another cookie, or a word in the value of one/);
  }
});

test('a cookie on a second line is read as one on the first', () => {
  const operation = cookiesOf({ name: 'o', schema: { type: 'string', maxLength: 3 } });
  assert.equal(toldOf(operation, 'o=ab', 'x=1'), '');
  assert.equal(toldOf(operation, 'o=ab', 'x=1 o=2'), 'cookie o look-alike');
  assert.equal(toldOf(operation, 'a="x', 'o=ab', 'y="'), 'cookie o quotes');
});

test('many blanks and quotes in cookies cost no more than their bytes', () => {
  const operation = cookiesOf({ name: 'tier', schema: integer });
  const usedMs = processorMs(() => {
    for (const filler of [' ', '"', 'a ', 'a=" ', '=', ', ', '\\"']) {
      toldOf(operation, `a=${filler.repeat(30_000)}; tier=5`);
      toldOf(operation, `${`a=${filler};`.repeat(5_000)} tier=5`);
    }
  });
  // Quadratic, it would be many seconds.
  assert.ok(usedMs < 10_000, `${usedMs}`);
});
