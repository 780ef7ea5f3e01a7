import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BOUNDS,
  codes,
  compile,
  describeApi,
  headers,
  openOperation,
  told,
  utf8,
} from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';

const string = { type: 'string' };
const integer = { type: 'integer' };

/** What an operation that takes this schema as XML says of a document. */
function checker(
  schema: object,
  { strict = false, schemas = {} } = {},
): (document: string) => string {
  const operation = openOperation(
    { requestBody: { required: true, content: { 'application/xml': { schema } } } },
    { rest: { components: { schemas } }, strictProperties: strict },
  );
  return (document) => told(operation.checkBody(TYPE, utf8(document), BOUNDS).violations);
}

const TYPE = headers('content-type', 'application/xml');

function readAs(schema: object, document: string, schemas: object = {}): unknown {
  const operation = openOperation(
    { requestBody: { content: { 'application/xml': { schema } } } },
    { rest: { components: { schemas } } },
  );
  const { violations, value } = operation.checkBody(TYPE, utf8(document), BOUNDS);
  assert.equal(told(violations), '', document);
  return value;
}

function all(schema: object, cases: readonly (readonly [string, string])[], options = {}): void {
  const check = checker(schema, options);
  for (const [document, expected] of cases) assert.equal(check(document), expected, document);
}

const payment = {
  type: 'object',
  xml: { name: 'payment' },
  required: ['amount'],
  properties: { amount: { type: 'integer', minimum: 1, maximum: 100 }, note: string },
};

test('an amount outside its schema does not pass because it came as XML', () => {
  all(payment, [
    ['<payment><amount>5</amount></payment>', ''],
    ['<payment>\n  <note>a &amp; b</note>\n  <amount>100</amount>\n</payment>', ''],
    ['<payment><amount>-1000000</amount></payment>', 'body /amount minimum'],
    ['<payment><amount>101</amount></payment>', 'body /amount maximum'],
    ['<payment><amount>x</amount></payment>', 'body /amount type'],
    ['<payment><amount> 5 </amount></payment>', 'body /amount type'],
    ['<payment><amount>0x5</amount></payment>', 'body /amount type'],
    ['<payment><amount></amount></payment>', 'body /amount type'],
    ['<payment><amount><b>5</b></amount></payment>', 'body /amount type'],
    ['<payment><note>n</note></payment>', 'body  required'],
    ['<payment/>', 'body  required'],
    ['<refund><amount>5</amount></refund>', 'body  root'],
    ['<Payment><amount>5</amount></Payment>', 'body  root'],
    ['<payment>5<amount>5</amount></payment>', 'body  text'],
  ]);
});

test('a document that two parsers read as two values is refused', () => {
  const ambiguous = 'body /amount xml-ambiguous';
  all(payment, [
    ['<payment><amount>5</amount><amount>-1</amount></payment>', 'body /amount duplicate'],
    ['<payment><amount>5<!-- -->0</amount></payment>', ambiguous],
    ['<payment><amount><!-- -->5</amount></payment>', ambiguous],
    ['<payment><amount>5<![CDATA[0]]></amount></payment>', ambiguous],
    ['<payment><amount><![CDATA[5]]><![CDATA[0]]></amount></payment>', ambiguous],
    ['<payment><amount><![CDATA[5]]></amount></payment>', ''],
    ['<payment><!-- before --><amount>5</amount></payment>', ''],
    ['<payment amount="-1"><amount>5</amount></payment>', 'body  xml-ambiguous'],
    ['<payment><amount value="-1">5</amount></payment>', 'body /amount undocumented'],
    ['<e:payment xmlns:e="urn:e"><amount>5</amount></e:payment>', 'body  namespace'],
    ['<payment xmlns="urn:e"><amount>5</amount></payment>', 'body  namespace'],
    ['<payment xmlns:e="urn:e"><e:amount>5</e:amount></payment>', 'body /amount namespace'],
    [
      '<payment xmlns:e="urn:e"><e:amount>-1</e:amount><amount>5</amount></payment>',
      'body /amount namespace',
    ],
    [
      '<payment xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="Admin"><amount>5</amount></payment>',
      'body  xml-ambiguous',
    ],
  ]);
});

test('elements and attributes that nothing describes are judged as members of JSON are', () => {
  const more = '<payment><amount>5</amount><admin>true</admin></payment>';
  const attribute = '<payment admin="true"><amount>5</amount></payment>';
  assert.equal(checker(payment)(more), '');
  assert.equal(checker(payment)(attribute), '');
  const strict = checker(payment, { strict: true });
  assert.equal(strict(more), 'body /admin undocumented');
  assert.equal(strict(attribute), 'body /@admin undocumented');
  const closed = checker({ ...payment, additionalProperties: false });
  assert.match(closed(more), /additionalProperties/);
  assert.match(closed(attribute), /additionalProperties/);
  const counted = checker({ ...payment, additionalProperties: integer });
  assert.equal(counted('<payment><amount>5</amount><more>7</more></payment>'), '');
  assert.match(counted(more), /^body \/admin type/);
});

test('an element or attribute in another writing does not pass in place of a described one', () => {
  const schema = {
    ...{ type: 'object', xml: { name: 'pay' }, required: ['amount'] },
    properties: {
      id: { type: 'string', maxLength: 3, xml: { attribute: true } },
      amount: { type: 'integer', maximum: 9 },
      user_name: { type: 'string', maxLength: 3, xml: { name: 'Holder' } },
    },
  };
  all(schema, [
    ['<pay id="abc"><amount>5</amount><Holder>x</Holder><other>1</other></pay>', ''],
    ['<pay ID="abcdef"><amount>5</amount></pay>', 'body  xml-ambiguous'],
    ['<pay id="a" Id="abcdef"><amount>5</amount></pay>', 'body  xml-ambiguous'],
    ['<pay AMOUNT="50"><amount>5</amount></pay>', 'body  xml-ambiguous'],
    ['<pay><amount>5</amount><Id>abcdef</Id></pay>', 'body  xml-ambiguous'],
    ['<pay><amount>5</amount><holder>abcdef</holder></pay>', 'body  xml-ambiguous'],
    ['<pay><amount>5</amount><HOLD_ER>abcdef</HOLD_ER></pay>', 'body  xml-ambiguous'],
    ['<pay trace="1"><amount>5</amount></pay>', ''],
  ]);
});

test('names, attributes and namespaces are those of the xml object', () => {
  const schema = {
    type: 'object',
    xml: { name: 'order', namespace: 'urn:shop', prefix: 's' },
    required: ['id', 'total'],
    properties: {
      id: { ...integer, xml: { attribute: true } },
      code: { ...string, xml: { attribute: true, name: 'sku', namespace: 'urn:sku' } },
      total: { type: 'number', xml: { name: 'sum', namespace: 'urn:shop', prefix: 's' } },
      isOpen: { type: 'boolean', xml: { prefix: 'x' } },
    },
  };
  const open = '<s:order xmlns:s="urn:shop" id="7">';
  const close = '<s:sum>1.5</s:sum></s:order>';
  assert.deepEqual(readAs(schema, `${open}${close}`), { id: 7, total: 1.5 });
  const more =
    '<q:order xmlns:q="urn:shop" xmlns:k="urn:sku" id="7" k:sku="a"><q:sum>2</q:sum></q:order>';
  assert.deepEqual(readAs(schema, more), { id: 7, code: 'a', total: 2 });
  all(schema, [
    [`${open}<x:isOpen xmlns:x="urn:x">true</x:isOpen>${close}`, ''],
    [`${open}<x:isOpen xmlns:x="urn:x">1</x:isOpen>${close}`, 'body /isOpen type'],
    [`${open}<isOpen>true</isOpen>${close}`, 'body /isOpen namespace'],
    [`<s:order xmlns:s="urn:other" id="7">${close}`, 'body  namespace'],
    [`<s:order xmlns:s="urn:shop" s:id="7">${close}`, 'body /id namespace'],
    [`<s:order xmlns:s="urn:shop" id="x">${close}`, 'body /id type'],
    [`<s:order xmlns:s="urn:shop"><id>7</id>${close}`, 'body  xml-ambiguous'],
    [`${open}<sum>1.5</sum></s:order>`, 'body /total namespace'],
    [`${open}<s:total>1.5</s:total></s:order>`, 'body  xml-ambiguous'],
    [`${open}<s:sku>a</s:sku>${close}`, 'body  xml-ambiguous'],
  ]);
});

test('lists with and without a wrapper, as OpenAPI shows them', () => {
  const root = (animals: object) => ({
    type: 'object',
    xml: { name: 'zoo' },
    properties: { animals: { type: 'array', maxItems: 2, ...animals } },
  });
  const aliens = { xml: { name: 'aliens' } };
  const wrapped = { xml: { name: 'aliens', wrapped: true } };
  const named = { items: { ...integer, xml: { name: 'animal' } } };
  const expected = { animals: [1, 2] };
  const forms: readonly (readonly [object, string])[] = [
    [{ items: integer }, '<animals>1</animals><animals>2</animals>'],
    [{ items: integer, ...aliens }, '<animals>1</animals><animals>2</animals>'],
    [named, '<animal>1</animal><animal>2</animal>'],
    [{ ...named, ...aliens }, '<animal>1</animal> <animal>2</animal>'],
    [
      { items: integer, xml: { wrapped: true } },
      '<animals><animals>1</animals><animals>2</animals></animals>',
    ],
    [{ items: integer, ...wrapped }, '<aliens><aliens>1</aliens><aliens>2</aliens></aliens>'],
    [{ ...named, ...wrapped }, '<aliens>\n<animal>1</animal>\n<animal>2</animal>\n</aliens>'],
  ];
  for (const [animals, document] of forms) {
    assert.deepEqual(readAs(root(animals), `<zoo>${document}</zoo>`), expected, document);
  }
  all(root({ ...named, ...wrapped }), [
    ['<zoo/>', ''],
    ['<zoo><aliens/></zoo>', ''],
    ['<zoo><aliens><animal>x</animal></aliens></zoo>', 'body /animals/0 type'],
    ['<zoo><aliens><other>1</other></aliens></zoo>', 'body /animals undocumented'],
    ['<zoo><aliens a="1"><animal>1</animal></aliens></zoo>', 'body /animals undocumented'],
    ['<zoo><aliens>1</aliens></zoo>', 'body /animals text'],
    ['<zoo><aliens/><aliens/></zoo>', 'body /animals duplicate'],
    ['<zoo><animals>1</animals></zoo>', 'body  xml-ambiguous'],
    [
      '<zoo><aliens><animal>1</animal><animal>2</animal><animal>3</animal></aliens></zoo>',
      'body /animals maxItems',
    ],
  ]);
  all(root(named), [['<zoo><animal>1</animal><animal>-</animal></zoo>', 'body /animals/1 type']]);
});

test('a required list without wrapper and items is there, an empty one that needs items is not', () => {
  const schema = (minItems: number) => ({
    ...payment,
    required: ['tags'],
    properties: { tags: { type: 'array', items: string, minItems } },
  });
  all(schema(0), [['<payment/>', '']]);
  all(schema(1), [
    ['<payment/>', 'body  required'],
    ['<payment><tags>a</tags></payment>', ''],
  ]);
});

test('the root is called as its component, nested objects as their properties', () => {
  const schemas = {
    Pet: {
      type: 'object',
      required: ['name'],
      properties: {
        name: string,
        owner: { $ref: '#/components/schemas/Owner' },
        parents: { type: 'array', items: { $ref: '#/components/schemas/Pet' } },
      },
    },
    Owner: { type: 'object', xml: { name: 'keeper' }, properties: { age: integer } },
    Zoo: { type: 'array', xml: { name: 'zoo' }, items: { $ref: '#/components/schemas/Owner' } },
  };
  const pet = { $ref: '#/components/schemas/Pet' };
  const document =
    '<Pet><name>12</name><keeper><age>3</age></keeper><parents><name>m</name></parents><parents><name>f</name></parents></Pet>';
  assert.deepEqual(readAs(pet, document, schemas), {
    name: '12',
    owner: { age: 3 },
    parents: [{ name: 'm' }, { name: 'f' }],
  });
  all(
    pet,
    [
      ['<pet><name>a</name></pet>', 'body  root'],
      ['<Pet><name>a</name><keeper><age>old</age></keeper></Pet>', 'body /owner/age type'],
      ['<Pet><name>a</name><parents/></Pet>', 'body /parents/0 required'],
      ['<Pet><name>a</name><owner><age>3</age></owner></Pet>', 'body  xml-ambiguous'],
    ],
    { schemas },
  );
  const zoo = '<zoo><keeper><age>3</age></keeper><keeper/></zoo>';
  assert.deepEqual(readAs({ $ref: '#/components/schemas/Zoo' }, zoo, schemas), [{ age: 3 }, {}]);
});

test('null is an empty element where null is allowed, or says xsi:nil', () => {
  const schema = {
    ...payment,
    properties: { amount: { type: ['integer', 'null'] }, note: string },
  };
  const nil = (attribute: string, text = '', name = 'amount') =>
    `<payment xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><${name} i:nil="${attribute}">${text}</${name}></payment>`;
  assert.deepEqual(readAs(schema, '<payment><amount/></payment>'), { amount: null });
  assert.deepEqual(readAs(schema, nil('true')), { amount: null });
  assert.deepEqual(readAs(schema, nil('false', '5')), { amount: 5 });
  all(schema, [
    [nil('true', '5'), 'body /amount xml-ambiguous'],
    [nil('yes'), 'body /amount xml-ambiguous'],
    [nil('1', '', 'note'), 'body  required; body /note type'],
  ]);
});

test('XML whose writing nobody describes is refused, and loading says so', () => {
  const cases: readonly object[] = [
    {},
    { type: 'object', properties: { amount: integer } },
    { xml: { name: 'a' } },
    { anyOf: [payment, { ...payment, xml: { name: 'other' } }] },
    { ...payment, xml: { name: 'payment', nodeType: 'text' } },
  ];
  for (const schema of cases) {
    assert.equal(checker(schema)('<payment><amount>5</amount></payment>'), 'body  undescribed');
    const post = {
      requestBody: { content: { 'application/xml': { schema } } },
      responses: { 200: { description: '' } },
    };
    const told = codes(compile(describeApi({ '/x': { post } })));
    assert.ok(
      told.some((line) => line.startsWith('warning unenforceable-schema')),
      told.join(),
    );
  }
  const deep = (levels: number): object =>
    levels === 0
      ? { ...string, maxLength: 1 }
      : { type: 'object', xml: { name: 'a' }, properties: { a: deep(levels - 1) } };
  const document = (levels: number) => `${'<a>'.repeat(levels + 1)}bb${'</a>'.repeat(levels + 1)}`;
  assert.match(checker(deep(10))(document(10)), /maxLength$/);
  assert.match(checker(deep(30))(document(30)), /undescribed$/);
});

test('readOnly members are refused in XML, which nothing is cut out of', () => {
  const schema = {
    ...payment,
    properties: { ...payment.properties, id: { ...integer, readOnly: true } },
  };
  all(schema, [['<payment><amount>5</amount><id>1</id></payment>', 'body /id readOnly']]);
});

function answering(schema: object): ApiOperation {
  return openOperation({
    responses: { 200: { description: '', content: { 'application/xml': { schema } } } },
  });
}

test('answers in XML are held against their description, and nothing is cut out of them', () => {
  const operation = answering(payment);
  assert.equal(operation.expectAnswer(200, TYPE).kind, 'validate');
  const check = (document: string) => {
    const found = operation.checkAnswer(200, TYPE, utf8(document), BOUNDS, {
      findUndocumented: true,
    });
    return [told(found.violations), found.undocumented.join(), found.isUncuttable];
  };
  assert.deepEqual(check('<payment><amount>5</amount></payment>'), ['', '', false]);
  assert.deepEqual(check('<payment><amount>0</amount></payment>')[0], 'body /amount minimum');
  const leak = '<payment><amount>5</amount><secret>s</secret></payment>';
  assert.deepEqual(check(leak), ['', '/secret', true]);
  // A leak does not get out by breaking the XML around it.
  assert.deepEqual(check('<payment><secret>s</secret>'), ['body  xml-malformed', '', true]);
  assert.deepEqual(check('<!DOCTYPE a><payment/>'), ['body  xml-dtd', '', true]);
  assert.deepEqual(check('<other><secret>s</secret></other>'), ['body  root', '', true]);
  for (const schema of [{ type: 'object' }, { type: 'string', format: 'binary' }]) {
    assert.equal(answering(schema).expectAnswer(200, TYPE).kind, 'opaque');
  }
});

test('property: what is written by the rules is read back as the value it was', () => {
  const schema = {
    type: 'object',
    xml: { name: 'r' },
    properties: {
      a: { ...integer, xml: { attribute: true } },
      s: string,
      b: { type: 'boolean', xml: { name: 'flag' } },
      l: { type: 'array', items: { type: 'number', xml: { name: 'n' } } },
      w: { type: 'array', items: string, xml: { wrapped: true } },
    },
  };
  const operation = openOperation({ requestBody: { content: { 'application/xml': { schema } } } });
  const text = fc.string({ unit: 'grapheme-ascii' });
  const escaped = (value: string) =>
    value.replace(/[&<>]/g, (found) => `&#${found.charCodeAt(0)};`);
  const value = fc.record(
    {
      a: fc.integer(),
      s: text,
      b: fc.boolean(),
      l: fc.array(fc.integer(), { minLength: 1, maxLength: 4 }),
      w: fc.array(text, { maxLength: 4 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(value, (written) => {
      const { a, s, b, l, w } = written;
      const items = l.map((item) => `<n>${item}</n>`).join('');
      const texts = w.map((item) => `<w>${escaped(item)}</w>`).join('');
      const document = `<r a="${a}"><flag>${b}</flag>${items}<s>${escaped(s)}</s><w>${texts}</w></r>`;
      const checked = operation.checkBody(TYPE, utf8(document), BOUNDS);
      assert.equal(told(checked.violations), '');
      assert.deepEqual(checked.value, written);
    }),
  );
});
