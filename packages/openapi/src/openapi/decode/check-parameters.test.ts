import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openOperation, parts, told } from '../testing.fixture.ts';

const string = { type: 'string' };
const integer = { type: 'integer' };
const number = { type: 'number' };
const boolean = { type: 'boolean' };
const strings = { type: 'array', items: string };
const integers = { type: 'array', items: integer };
const color = {
  type: 'object',
  properties: { R: integer, G: integer, B: integer },
  required: ['R'],
  additionalProperties: false,
};
const oneOf = (...values: unknown[]) => ({ enum: values });

type Case = readonly [wire: string, told: string];

function queryTable(name: string, parameters: object[], cases: readonly Case[]): void {
  test(name, () => {
    const operation = openOperation({
      parameters: parameters.map((parameter) => ({ in: 'query', ...parameter })),
    });
    for (const [query, expected] of cases) {
      assert.equal(told(operation.checkParameters(parts({ query }))), expected, query);
    }
  });
}

queryTable(
  'integers are digits, as every service reads them',
  [{ name: 'n', schema: integer }],
  [
    ['n=0', ''],
    ['n=-7', ''],
    ['n=1.0', ''],
    ['n=1e3', 'query n type'],
    ['n=1.0', ''],
    ['n=9007199254740993', ''],
    ['n=1.5', 'query n type'],
    ...[
      '',
      '0x10',
      '%2B1',
      '+1',
      '01',
      '1.',
      '.5',
      '1_0',
      '1n',
      'Infinity',
      'NaN',
      '1%20',
      '%201',
      'null',
      'true',
      '--1',
      '1e',
      '%EF%BC%91',
      '-',
      '0b1',
      '1,2',
    ].map((text) => [`n=${text}`, 'query n type'] as const),
  ],
);

queryTable(
  'numbers too',
  [{ name: 'n', schema: number }],
  [
    ['n=1.5', ''],
    ['n=-0', ''],
    ['n=1e400', 'query n number'],
    ['n=1e300', ''],
    ['n=-1.5E-3', ''],
    ['n=1,5', 'query n type'],
    ['n=+1.5', 'query n type'],
    ['n=1e+3', 'query n type'],
    ['n=1e%2B3', ''],
  ],
);

queryTable(
  'large integers keep their exact value',
  [{ name: 'n', schema: { type: 'integer', maximum: 9007199254740992 } }],
  [
    ['n=9007199254740992', ''],
    ['n=9007199254740993', 'query n maximum'],
  ],
);

queryTable(
  'booleans are true and false',
  [{ name: 'b', schema: boolean }],
  [
    ['b=true', ''],
    ['b=false', ''],
    ...['', '1', '0', 'True', 'TRUE', 'yes', 'on', 'null', 'true%20'].map(
      (text) => [`b=${text}`, 'query b type'] as const,
    ),
    ['b', 'query b type'],
  ],
);

queryTable(
  'strings are taken as they are',
  [{ name: 's', schema: { type: 'string', maxLength: 3 } }],
  [
    ['s=', ''],
    ['s', ''],
    ['s=123', ''],
    ['s=null', 'query s maxLength'],
    ['s=a+b', ''],
    ['s=%F0%9F%98%80', ''],
    ['s=a=b', ''],
    ['s=%', 'query s encoding'],
    ['s=%4', 'query s encoding'],
    ['s=%zz', 'query s encoding'],
    ['s=%FF', 'query s encoding'],
    ['s=%C0%80', 'query s encoding'],
    ['s=%ED%A0%80', 'query s encoding'],
    ['%FF=1', 'query  encoding'],
  ],
);

queryTable(
  "'+' is a blank",
  [{ name: 's', schema: oneOf('a b') }],
  [
    ['s=a+b', ''],
    ['s=a%20b', ''],
    ['s=a%2Bb', 'query s enum'],
  ],
);

queryTable(
  'a repeated name is refused where no array is meant',
  [{ name: 's', schema: string }],
  [
    ['s=a&s=b', 'query s duplicate'],
    ['s=a&%73=b', 'query s duplicate'],
    ['s&s', 'query s duplicate'],
    ['s=a&&', ''],
    ['&s=a', ''],
  ],
);

queryTable(
  'undocumented names are refused and not repeated',
  [{ name: 's', schema: string }],
  [
    ['t=1', 'query  undocumented'],
    ['S=1', 'query  undocumented'],
    ['s[]=1', 'query  undocumented'],
    ['=1', 'query  undocumented'],
    ['__proto__=1', 'query  undocumented'],
    ['constructor=1&s=a', 'query  undocumented'],
    ['%73=1', ''],
  ],
);

queryTable(
  'required parameters',
  [
    { name: 'a', required: true, schema: string },
    { name: 'b', required: true, schema: strings },
    { name: 'c', schema: string },
  ],
  [
    ['', 'query a required; query b required'],
    ['a=1', 'query b required'],
    ['a=&b=', ''],
  ],
);

queryTable(
  'allowEmptyValue admits the empty text, and only it',
  [{ name: 'n', allowEmptyValue: true, schema: integer }],
  [
    ['n=', ''],
    ['n', ''],
    ['n=%20', 'query n type'],
    ['n=&n=', 'query n duplicate'],
  ],
);

queryTable(
  'form, exploded: arrays repeat the name',
  [{ name: 'ids', schema: integers }],
  [
    ['ids=1', ''],
    ['ids=1&ids=2', ''],
    ['ids=1,2', 'query ids delimiter'],
    ['ids=', 'query ids/0 type'],
    ['ids', 'query ids/0 type'],
    ['ids=1&ids=x', 'query ids/1 type'],
    ['ids=1&ids=%', 'query ids/1 encoding'],
    ['ids[]=1', 'query  undocumented'],
  ],
);

queryTable(
  'a name may end in brackets',
  [{ name: 'ids[]', schema: integers }],
  [
    ['ids[]=1&ids%5B%5D=2', ''],
    ['ids=1', 'query  undocumented'],
  ],
);

queryTable(
  'form, not exploded: split at raw commas only',
  [{ name: 'ids', explode: false, schema: { ...strings, items: { enum: ['a', 'b', 'a,b', ''] } } }],
  [
    ['ids=a,b', ''],
    ['ids=a%2Cb', ''],
    ['ids=a%2cb,b', ''],
    ['ids=a,', ''],
    ['ids=', ''],
    ['ids=c', 'query ids/0 enum'],
    ['ids=a&ids=b', 'query ids duplicate'],
  ],
);

queryTable(
  'trailing delimiters are empty items',
  [{ name: 'ids', explode: false, schema: integers }],
  [
    ['ids=1,2', ''],
    ['ids=1,2,', 'query ids/2 type'],
    ['ids=,1', 'query ids/0 type'],
    ['ids=1,,2', 'query ids/1 type'],
    ['ids=1%2C2', ''],
    ['ids=1%2C', 'query ids/1 type'],
  ],
);

queryTable(
  'an empty text is one empty item, not an empty array',
  [{ name: 's', explode: false, schema: { ...strings, minItems: 1, maxItems: 1 } }],
  [
    ['s=', ''],
    ['s=,', 'query s maxItems'],
  ],
);

for (const [style, delimiters] of [
  ['spaceDelimited', ['%20', '+']],
  ['pipeDelimited', ['|', '%7C', '%7c']],
] as const) {
  queryTable(
    `${style}: arrays and objects`,
    [
      { name: 'a', style, explode: false, schema: integers },
      { name: 'o', style, explode: false, schema: color },
    ],
    [
      ...delimiters.flatMap((mark): Case[] => [
        [`a=1${mark}2${mark}3`, ''],
        [`a=1${mark}x`, 'query a/1 type'],
        [`o=R${mark}100${mark}G${mark}200`, ''],
        [`o=R${mark}100${mark}G`, 'query o style'],
        [`o=G${mark}1`, 'query o required'],
      ]),
      ['a=1,2', 'query a/0 type'],
      ['a=1&a=2', 'query a duplicate'],
    ],
  );
}

queryTable(
  'form, exploded: objects spread over names of their own',
  [
    { name: 'color', schema: color },
    { name: 'q', schema: string },
  ],
  [
    ['R=100&G=200&B=150&q=x', ''],
    ['R=x', 'query color/R type'],
    ['G=1', 'query color required'],
    ['R=1&R=2', 'query color/R duplicate'],
    ['R=1&A=2', 'query  undocumented'],
    ['color=R,100', 'query  undocumented'],
    ['q=x', ''],
  ],
);

queryTable(
  'additionalProperties absorb other names',
  [
    { name: 'q', schema: string },
    { name: 'rest', schema: { type: 'object', additionalProperties: integer } },
  ],
  [
    ['q=x&a=1&b=2', ''],
    ['a=x', 'query rest/a type'],
    ['__proto__=1', 'query rest/__proto__ prototype'],
    ['constructor=1', ''],
    ['__proto__=x', 'query rest/__proto__ type'],
    ['constructor=1&hasOwnProperty=2', ''],
  ],
);

queryTable(
  'form, not exploded: objects alternate keys and values',
  [{ name: 'color', explode: false, schema: color }],
  [
    ['color=R,100,G,200,B,150', ''],
    ['color=R,100,G', 'query color style'],
    ['color=', 'query color style'],
    ['color=R,1,R,2', 'query color/R duplicate'],
    ['color=%52,1', ''],
  ],
);

const filter = {
  type: 'object',
  properties: {
    a: integer,
    tags: strings,
    nested: { type: 'object', properties: { b: boolean }, additionalProperties: false },
  },
  additionalProperties: false,
};
queryTable(
  'deepObject',
  [{ name: 'filter', style: 'deepObject', explode: true, schema: filter }],
  [
    ['filter[a]=1', ''],
    ['filter%5Ba%5D=1', ''],
    ['filter[a]=1&filter[tags]=x&filter[tags]=y', ''],
    ['filter[a]=x', 'query filter/a type'],
    ['filter[a]=1&filter[a]=2', 'query filter/a duplicate'],
    ['filter[nested][b]=true', ''],
    ['filter[nested][b]=1', 'query filter/nested/b type'],
    ['filter[a][b]=1', 'query filter/a style'],
    ['filter[tags][]=x', ''],
    ['filter[tags][0]=x&filter[tags][1]=y', ''],
    ['filter[tags][x]=y', 'query filter/tags style'],
    ['filter[]=1', 'query filter style'],
    ['filter[a=1', 'query filter style'],
    ['filter[a]x=1', 'query filter style'],
    ['filter[a]', 'query filter/a type'],
    ['filter=1', 'query filter style'],
    ['filter[__proto__]=1', 'query filter/__proto__ additionalProperties'],
    ['filter[__proto__][a]=1', 'query filter style'],
    ['other[a]=1', 'query  undocumented'],
  ],
);

queryTable(
  'content parameters hold JSON',
  [{ name: 'j', content: { 'application/json': { schema: color } } }],
  [
    ['j={"R":1}', ''],
    ['j=%7B%22R%22:1%7D', ''],
    ['j={"R":"1"}', 'query j/R type'],
    ['j={"R":1,"R":2}', 'query j/R json-duplicate-key'],
    ['j=x', 'query j json-syntax'],
    ['j={}&j={}', 'query j duplicate'],
  ],
);

queryTable(
  'unions take whichever reading validates',
  [
    { name: 'u', schema: { type: ['integer', 'string'], maxLength: 3 } },
    { name: 'v', schema: { anyOf: [{ type: 'integer', minimum: 10 }, { enum: ['5', 'auto'] }] } },
    { name: 'w', schema: { oneOf: [boolean, integers] } },
    {
      name: 'z',
      explode: false,
      schema: { type: 'array', items: { anyOf: [integer, oneOf('007', 'x')] } },
    },
  ],
  [
    ['u=5', ''],
    ['u=007', ''],
    ['u=0077', 'query u maxLength'],
    ['v=5', ''],
    ['v=12', ''],
    ['v=auto', ''],
    ['v=7', 'query v anyOf'],
    ['w=true', ''],
    ['w=1&w=2', ''],
    ['w=1', ''],
    ['z=1,007,x,2,007,007', ''],
    ['z=1,008', 'query z/1 anyOf'],
  ],
);

queryTable(
  'nullable: the empty text is null where no string is meant',
  [
    { name: 'n', schema: { type: ['integer', 'null'] } },
    { name: 's', schema: { type: ['string', 'null'], minLength: 1 } },
  ],
  [
    ['n=', ''],
    ['n=null', 'query n type'],
    ['n=5', ''],
    ['s=', ''],
    ['s=null', ''],
  ],
);

queryTable(
  'without a schema any text passes',
  [{ name: 'a' }],
  [
    ['a=1', ''],
    ['a=%', 'query a encoding'],
  ],
);

test('types are found through anchors and $id', () => {
  const schemas = {
    a: { $anchor: 'count', ...integer },
    b: { $id: 'https://schemas.example/b', $ref: '#/$defs/n', $defs: { n: integer } },
  };
  const names = ['#count', 'https://schemas.example/b', 'https://schemas.example/b#/$defs/n'];
  for (const $ref of names) {
    const parameters = [{ name: 'n', in: 'query', schema: { $ref } }];
    const operation = openOperation({ parameters }, { rest: { components: { schemas } } });
    assert.equal(told(operation.checkParameters(parts({ query: 'n=5' }))), '', $ref);
    assert.equal(told(operation.checkParameters(parts({ query: 'n=x' }))), 'query n type', $ref);
  }
});

test('types are found through references and allOf', () => {
  const operation = openOperation(
    {
      parameters: [
        { name: 'n', in: 'query', schema: { $ref: '#/components/schemas/Wrapped' } },
        { name: 'l', in: 'query', explode: false, schema: { $ref: '#/components/schemas/List' } },
      ],
    },
    {
      rest: {
        components: {
          schemas: {
            Id: integer,
            Wrapped: { allOf: [{ $ref: '#/components/schemas/Id' }, { minimum: 3 }] },
            List: { type: 'array', items: { $ref: '#/components/schemas/Wrapped' } },
          },
        },
      },
    },
  );
  assert.equal(told(operation.checkParameters(parts({ query: 'n=3&l=4,5' }))), '');
  assert.equal(told(operation.checkParameters(parts({ query: 'n=2' }))), 'query n minimum');
  assert.equal(told(operation.checkParameters(parts({ query: 'l=4,2' }))), 'query l/1 minimum');
});

const line = {
  type: 'object',
  required: ['price'],
  properties: { price: integer, tags: { type: 'array', items: integer, maxItems: 2 } },
  additionalProperties: false,
};
queryTable(
  'lists and single values within deepObject, as PHP, Rails, qs and the libraries of Stripe write them',
  [
    { name: 'expand', schema: { type: 'array', items: { enum: ['a', 'b,c'] }, maxItems: 3 } },
    { name: 'items', schema: { type: 'array', items: line, maxItems: 12 } },
    {
      name: 'created',
      schema: { anyOf: [{ type: 'object', properties: { gt: integer } }, { type: 'integer' }] },
    },
    {
      name: 'metadata',
      schema: {
        anyOf: [{ type: 'object', additionalProperties: { type: 'string' } }, { enum: [''] }],
      },
    },
    { name: 'single', schema: integer },
  ].map((parameter) => ({ style: 'deepObject', explode: true, ...parameter })),
  [
    ['expand[]=a', ''],
    ['expand%5B%5D=a&expand%5B%5D=b%2Cc', ''],
    ['expand[0]=a&expand[1]=a&expand[2]=a', ''],
    ['expand[]=x', 'query expand/0 enum'],
    ['expand[]=a&expand[]=a&expand[]=a&expand[]=a', 'query expand maxItems'],
    ['expand[]=a&expand[0]=a', 'query expand style'],
    ['expand[1]=a', 'query expand style'],
    ['expand[00]=a', 'query expand style'],
    ['expand[0]=a&expand[0]=b', 'query expand/0 duplicate'],
    ['expand[0]=a&expand[2]=a', 'query expand style'],
    ['expand[1]=a&expand[0]=a', ''],
    ['expand[0]=a&expand[1]=a&expand[0]=a', 'query expand/0 duplicate'],
    ['expand[][]=a', 'query expand style'],
    ['expand[0][]=a', 'query expand/0 style'],
    ['expand=a', 'query expand style'],
    ['expand.0=a', 'query  undocumented'],
    [
      Array.from({ length: 12 }, (_, at) => `items[${at}][price]=1&items[${at}][tags][]=7`).join(
        '&',
      ),
      '',
    ],
    ['items[0][price]=1&items[0][tags][0]=1&items[0][tags][1]=2&items[1][price]=3', ''],
    ['items[0][tags][]=1', 'query items/0 required'],
    ['items[0][price]=x', 'query items/0/price type'],
    ['items[0][price]=1&items[0][price]=2', 'query items/0/price duplicate'],
    ['items[0][price]=1&items[0][x]=2', 'query items/0/x additionalProperties'],
    // Rails begins another item where a name comes back, PHP with each pair.
    ['items[][price]=1', 'query items style'],
    ['items[0]=1', 'query items/0 type'],
    ['created=5', ''],
    ['created[gt]=5', ''],
    ['created=x', 'query created type'],
    ['created=5&created[gt]=5', 'query created duplicate'],
    ['created=5&created=6', 'query created duplicate'],
    ['created=5&Created=6', 'query  undocumented'],
    ['metadata[order_id]=6735&metadata[0]=x', ''],
    ['metadata=', ''],
    ['metadata[]=x', 'query metadata style'],
    ['single=5', ''],
    ['single[]=5', 'query single style'],
  ],
);

test('names that carry credentials are known, and left to authentication', () => {
  const operation = openOperation({
    parameters: [{ name: 'key', in: 'query', schema: integer }],
  });
  const credentialNames = { query: ['api_key', 'key'], header: [], cookie: [] };
  const query = 'api_key=secret&key=x';
  assert.equal(told(operation.checkParameters(parts({ query, credentialNames }))), '');
  assert.notEqual(told(operation.checkParameters(parts({ query }))), '');
});

test('strictProperties refuses members that no schema documents', () => {
  const parameters = [
    {
      name: 'f',
      in: 'query',
      style: 'deepObject',
      schema: { type: 'object', properties: { a: integer } },
    },
  ];
  const lenient = openOperation({ parameters });
  const strict = openOperation({ parameters }, { strictProperties: true });
  assert.equal(told(lenient.checkParameters(parts({ query: 'f[a]=1&f[b]=2' }))), '');
  assert.equal(told(strict.checkParameters(parts({ query: 'f[a]=1' }))), '');
  assert.equal(
    told(strict.checkParameters(parts({ query: 'f[a]=1&f[b]=2' }))),
    'query f/b undocumented',
  );
});

test('OpenAPI 3.0: nullable admits the empty text', () => {
  const operation = openOperation(
    { parameters: [{ name: 'n', in: 'query', schema: { type: 'integer', nullable: true } }] },
    { rest: { openapi: '3.0.4' } },
  );
  assert.equal(told(operation.checkParameters(parts({ query: 'n=' }))), '');
  assert.equal(told(operation.checkParameters(parts({ query: 'n=null' }))), 'query n type');
});
