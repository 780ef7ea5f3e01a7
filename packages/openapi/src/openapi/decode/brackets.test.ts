import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorMs } from '../../processor-time.fixture.ts';
import { openOperation, parts, told } from '../testing.fixture.ts';
import { inBrackets, toldAlike } from './brackets.fixture.ts';

const integer = { type: 'integer' };
const string = { type: 'string' };
const strings = { type: 'array', items: string };
const user = { enum: ['user'] };

type Case = readonly [wire: string, told: string];

/** The same in queries, forms and parts; `besideParts` where the name of a part cannot hold it. */
function inEachPlace(
  properties: Readonly<Record<string, object>>,
  cases: readonly Case[],
  { besideParts = false } = {},
): void {
  for (const openapi of ['3.0.4', '3.1.1']) {
    const { query, form, multipart } = inBrackets(properties, openapi);
    for (const [wire, expected] of cases) {
      assert.equal(toldAlike(query(wire)), expected, `query ${wire}`);
      assert.equal(toldAlike(form(wire)), expected, `form ${wire}`);
      if (!besideParts) assert.equal(toldAlike(multipart(wire)), expected, `multipart ${wire}`);
    }
  }
}

const notAdmin = { type: 'string', not: { enum: ['admin'] } };
const roles = { type: 'array', items: notAdmin, maxItems: 3 };

test('no list in brackets carries an item past its schema behind a comma or a blank', () => {
  const f = {
    type: 'object',
    properties: { r: roles, m: { additionalProperties: roles, type: 'object' } },
  };
  inEachPlace({ roles, f, l: { type: 'array', items: roles } }, [
    ['roles[]=user', ''],
    ['roles[]=user&roles[]=guest', ''],
    ['roles[0]=user&roles[1]=guest', ''],
    ['roles[]=user,guest', ''],
    ['roles[]=user,admin', 'roles delimiter'],
    ['roles[0]=user,admin', 'roles delimiter'],
    ['roles[]=+admin', 'roles blanks'],
    ['roles[0]=%09admin', 'roles blanks'],
    ['roles[]=a,b,c,d,e', 'roles delimiter'],
    ['f[r][]=user,admin', 'f/r delimiter'],
    ['f[r][0]=user,admin', 'f/r delimiter'],
    ['f[r]=user,admin', 'f/r delimiter'],
    ['f[r][]=+admin', 'f/r blanks'],
    ['f[m][x][]=user,admin', 'f/m delimiter'],
    ['f[m][x]=user,admin', 'f/m delimiter'],
    ['l[0][]=user,admin', 'l/0 delimiter'],
    ['l[0][0]=user,+admin', 'l/0 blanks'],
    // Of several, nobody divides one.
    ['roles[]=user,admin&roles[]=x', ''],
  ]);
  inEachPlace({ roles }, [['roles[]=user%2Cadmin', 'roles delimiter']]);
});

const line = {
  type: 'object',
  properties: {
    price: { type: 'integer', maximum: 100 },
    due_on: { const: '2026-01-01' },
    sub: { type: 'object', properties: { role: user } },
    tags: { type: 'array', items: { enum: ['a'] } },
  },
};

test('below an index or a key, no name that services read as a described one carries past its schema', () => {
  const meta = {
    type: 'object',
    additionalProperties: { type: 'object', properties: { role: user } },
  };
  const acl = {
    type: 'object',
    properties: { sub: { type: 'object', additionalProperties: { enum: ['read'] } } },
  };
  inEachPlace({ items: { type: 'array', items: line }, meta, acl }, [
    ['items[0][price]=5&items[0][sub][role]=user&items[0][tags][]=a', ''],
    ["items[0]['price']=500", 'items/0/price look-alike'],
    ['items[0][`price`]=500', 'items/0/price look-alike'],
    ['items[0][(price)]=500', 'items/0/price look-alike'],
    ['items[0][+price]=500', 'items/0/price look-alike'],
    ['items[0][price.x]=500', 'items/0/price look-alike'],
    ['items[0][.price]=500', 'items/0/price look-alike'],
    ['items[0][pr%25%36%39ce]=500', 'items/0/price look-alike'],
    ['items[0][sub][role]=user&items[0][sub.role]=admin', 'items/0/sub look-alike'],
    ["items[0][sub]['role']=admin", 'items/0/sub/role look-alike'],
    ['items[0][due_on(1i)]=1999', 'items/0/due_on look-alike'],
    ["items[0]['tags'][]=z", 'items/0/tags look-alike'],
    ['meta[x][role]=user&meta[y][note]=x', ''],
    ["meta[x]['role']=admin", 'meta/role look-alike'],
    ['meta[x][role.]=admin', 'meta/role look-alike'],
    ['meta[x][role:str]=admin', 'meta/role look-alike'],
    ['acl[sub][bob]=read', ''],
    ['acl[sub.bob]=write', 'acl/sub look-alike'],
    ["acl['sub'][bob]=write", 'acl/sub look-alike'],
  ]);
  inEachPlace(
    { meta, acl },
    [
      ['meta[x][%22role%22]=admin', 'meta/role look-alike'],
      ['acl[%22sub%22][bob]=write', 'acl/sub look-alike'],
    ],
    { besideParts: true },
  );
});

test('a field within a model of another name does not stand in for one in brackets', () => {
  const { form, multipart } = inBrackets({
    lines: { type: 'array', items: line },
    created: integer,
  });
  for (const check of [form, multipart]) {
    for (const name of ['pay[lines][0][price]', 'pay.lines[0].price', 'pay[Lines][0][price]']) {
      assert.equal(toldAlike(check(`${name}=500`)), 'lines look-alike', name);
    }
    assert.equal(toldAlike(check('pay.created=500')), 'created look-alike');
    assert.equal(toldAlike(check('pay[line][0][price]=500&lines[0][price]=5')), '');
  }
});

test('free keys of a map pass as they come, beside nothing that is like them', () => {
  const metadata = { type: 'object', additionalProperties: { type: 'string' } };
  const some = { type: 'object', properties: { id: string }, additionalProperties: string };
  inEachPlace({ metadata, some, lists: { type: 'array', items: metadata } }, [
    ["metadata[order.id]=1&metadata[a b]=2&metadata[it's]=3&metadata[6735]=4", ''],
    ['lists[0][order.id]=1&lists[0][a (b)]=2&lists[1][order.id]=3', ''],
    ['some[order.id]=1&some[id]=2', ''],
    ['some[x][id.order]=1', 'some style'],
  ]);
});

test('no control character within brackets ends a name for PHP', () => {
  const meta = { type: 'object', additionalProperties: integer };
  const cases: Case[] = [
    ['items[0][x%00y]=evil', 'items/0 look-alike'],
    ['items[0][sub][x%00y]=evil', 'items/0/sub look-alike'],
    ['meta[x%00]=1', 'meta look-alike'],
    ['meta[%00x]=1', 'meta look-alike'],
    ['meta[x%2500]=1', 'meta look-alike'],
    ['meta[x%0a]=1', 'meta look-alike'],
    ['meta[x%C2%85]=1', 'meta look-alike'],
  ];
  const items = { type: 'array', items: line };
  inEachPlace({ items, meta }, cases, { besideParts: true });
  // PHP counts an item where nothing but a blank is within the brackets.
  inEachPlace({ items, meta }, [
    ['meta[ ]=1', 'meta style'],
    ['items[ ][price]=500', 'items style'],
  ]);
});

test('indices are complete from nought, in whatever order: Go sorts them as texts', () => {
  const tuple = { type: 'array', prefixItems: [user, { enum: ['admin'] }], items: false };
  const list = { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 12 };
  const items = { type: 'array', items: line, maxItems: 12 };
  const sorted = Array.from({ length: 12 }, (_, index) => String(index)).sort();
  inEachPlace({ list, items }, [
    [sorted.map((index) => `list[${index}]=a`).join('&'), ''],
    [
      sorted.map((index) => `items[${index}][price]=${index}&items[${index}][tags][0]=a`).join('&'),
      '',
    ],
    ['items[1][price]=1&items[0][price]=2&items[1][tags][]=a', ''],
    ['items[1][price]=101&items[0][price]=2', 'items/1/price maximum'],
    ['list[2]=a&list[0]=a', 'list style'],
    ['list[1]=a&list[2]=a', 'list style'],
    ['list[1]=a&list[0]=a&list[1]=b', 'list/1 duplicate'],
    ['list[99999]=a&list[0]=a', 'list style'],
    ['list[]=a&list[0]=a', 'list style'],
    ['items[1][price]=1&items[0][price]=2&items[0][price]=3', 'items/0/price duplicate'],
  ]);
  // Where the order says what an item may be, services that keep the one that came are heard as well.
  const { query } = inBrackets({ tuple });
  assert.equal(toldAlike(query('tuple[0]=user&tuple[1]=admin')), '');
  const [found, ...others] = query('tuple[1]=admin&tuple[0]=user');
  assert.deepEqual(others, []);
  assert.equal(`${found?.pointer} ${found?.rule}`, ' style');
  assert.match(found?.expected ?? '', /^items in the order of their indices/);
});

test('where a text is allowed, what has no brackets behind it is that text, and no list of one', () => {
  const role = { anyOf: [user, strings] };
  const taxes = {
    anyOf: [{ type: 'array', items: { type: 'string', maxLength: 3 } }, { enum: [''] }],
  };
  const f = { type: 'object', properties: { role, tags: strings } };
  const items = { type: 'array', items: { type: 'object', properties: { taxes } } };
  inEachPlace(
    {
      f,
      items,
      lists: { type: 'object', additionalProperties: { type: 'array', items: integer } },
    },
    [
      ['f[role]=user', ''],
      ['f[role]=admin', 'f/role enum'],
      ['f[role][]=admin', ''],
      ['f[role]=user&f[role]=admin', 'f/role duplicate'],
      ['items[0][taxes]=', ''],
      ['items[0][taxes]=x', 'items/0/taxes enum'],
      ['items[0][taxes][]=x', ''],
      // Where there is nothing but a list, it stays one.
      ['f[tags]=a', ''],
      ['f[tags]=a&f[tags]=b', ''],
      ['lists[a]=1', ''],
      ['lists[a]=x', 'lists/a/0 type'],
    ],
  );
});

test('a text of a list or a text is held against both where services divide it at its commas', () => {
  const role = {
    anyOf: [
      { type: 'string', maxLength: 20 },
      { type: 'array', items: { type: 'string', maxLength: 4 } },
    ],
  };
  inEachPlace({ role, f: { type: 'object', properties: { role } } }, [
    ['f[role]=user', ''],
    ['f[role]=useruser', ''],
    ['f[role]=user,user', ''],
    ['f[role]=user,useruser', 'f/role delimiter'],
    ['role=user,useruser', 'role delimiter'],
    ['role=useruser', ''],
  ]);
});

test('an empty text is null for a list that may be null, and another text is its only item', () => {
  const tags = { type: ['array', 'null'], items: { type: 'string', minLength: 1 } };
  const { query, form, multipart } = inBrackets({
    tags,
    f: { type: 'object', properties: { tags } },
  });
  for (const check of [query, form, multipart]) {
    assert.equal(toldAlike(check('f[tags]=')), '');
    assert.equal(toldAlike(check('f[tags]=a')), '');
    assert.equal(toldAlike(check('tags=')), '');
    assert.equal(toldAlike(check('tags=a')), 'tags style');
  }
});

test('a number in brackets is the item of a list, and no member of an object that lists its own', () => {
  const created = { anyOf: [{ type: 'object', properties: { gt: integer } }, integer] };
  const prices = { type: 'object', additionalProperties: integer };
  const years = { type: 'object', properties: { 2024: integer } };
  const both = { type: ['array', 'object'], items: user, additionalProperties: integer };
  inEachPlace({ created, prices, years, both, any: { type: 'object' } }, [
    ['both[0]=user', ''],
    ['both[x]=5', ''],
    ['both[0]=5', 'both/0 enum'],
    ["both['0']=5", 'both style'],
    ["created['0']=5", 'created style'],
    ["prices['2024']=5", ''],
    ['created[0]=5', 'created style'],
    ['created[gt]=5&created[7]=5', 'created style'],
    ['created[]=5', 'created style'],
    ['created[gt]=5&created[note]=x', ''],
    ['prices[2024]=5&prices[0]=1', ''],
    ['years[2024]=5', ''],
    ['years[2025]=5', 'years style'],
    ['any[0]=5', ''],
  ]);
});

test('an index with needless zeros or a sign puts no list where an object is described', () => {
  const filter = { type: 'object', properties: { role: user } };
  const mm = { type: 'object', additionalProperties: filter };
  const both = { type: ['array', 'object'], items: user, additionalProperties: integer };
  const prices = { type: 'object', additionalProperties: integer };
  inEachPlace({ filter, mm, both, prices, list: { type: 'array', items: user } }, [
    ['filter[00]=EVIL', 'filter style'],
    ['filter[role]=user&filter[007]=EVIL', 'filter style'],
    ['filter[-1]=EVIL', 'filter style'],
    ['filter[%2B1]=EVIL', 'filter style'],
    ['filter[1_0]=EVIL', 'filter style'],
    ['filter[%D9%A1]=EVIL', 'filter style'],
    ["filter['00']=EVIL", 'filter style'],
    ['mm[x][00]=EVIL', 'mm style'],
    ['both[00]=5', 'both style'],
    ['both[-1]=5', 'both style'],
    ['list[00]=user', 'list style'],
    ['list[-1]=user', 'list style'],
    ['filter[-x]=1&filter[0x]=2', ''],
    ['prices[-1]=5&prices[007]=1', ''],
  ]);
});

test('qs finds no other name in a pair than the one that was checked', () => {
  const text = { type: 'string', maxLength: 20 };
  const parameters = ['note', 'tags[]'].map((name) => ({ name, in: 'query', schema: text }));
  const operation = openOperation({ parameters });
  const { form } = inBrackets({ note: text });
  for (const [wire, expected] of [
    ['note=a]=b', ' bracket-equals'],
    ['note=a%5D=b', ' bracket-equals'],
    ['note=a%5d=b', ' bracket-equals'],
    ['note=x&z=a]=b', ' bracket-equals'],
    ['note=a]%3Db', ''],
    ['note=a]b=c]', ''],
    ['note=a=b', ''],
  ] as const) {
    if (!wire.includes('z=')) {
      assert.equal(toldAlike(operation.checkParameters(parts({ query: wire }))), expected, wire);
    }
    assert.equal(toldAlike(form(wire)), expected, wire);
  }
  for (const query of ['tags[]=a]=b', 'tags%5B%5D=a]=b', 'tags%5b%5d=a%5D=b']) {
    assert.equal(told(operation.checkParameters(parts({ query }))), '', query);
  }
});

test('no pair stands behind the thousandth, where qs, PHP and querystring do not look', () => {
  const { query, form } = inBrackets({ note: string, tags: strings });
  const wire = (count: number, pair: string) => Array(count).fill(pair).join('&');
  for (const check of [query, form]) {
    assert.equal(toldAlike(check(`${wire(999, 'tags[]=a')}&note=x`)), '');
    assert.equal(toldAlike(check(`${wire(999, 'tags[]=a')}&note=x&`)), '');
    const [found] = check(`${wire(1_000, 'tags[]=a')}&note=x`);
    assert.equal(found?.rule, 'items');
    assert.match(found?.expected ?? '', /^at most 1000 pairs/);
    // qs counts what is empty as well.
    assert.equal(toldAlike(check(`${'&'.repeat(1_000)}note=x`)), ' items');
  }
});

test('whoever writes brackets in another way is told how they are written', () => {
  const { query, form, multipart } = inBrackets({
    expand: strings,
    metadata: { type: 'object', additionalProperties: string },
    created: { anyOf: [{ type: 'object', properties: { gt: integer } }, integer] },
    items: { type: 'array', items: line },
    f: { type: 'object', properties: { tags: strings, n: integer } },
  });
  const list = 'the style deepObject: expand[]=value&expand[]=value';
  const object = 'the style deepObject: metadata[key]=value';
  const objects = 'the style deepObject: items[0][key]=value';
  for (const [wire, place, words] of [
    ['expand=a', 'expand', list],
    ['expand', 'expand', list],
    ['metadata=x', 'metadata', object],
    ['metadata={"a":"b"}', 'metadata', object],
    ['metadata[]=x', 'metadata', object],
    ['items=[]', 'items', objects],
    ['items[][price]=1', 'items', objects],
    ['items[1][price]=1', 'items', objects],
    ['items[0].price=1', 'items', objects],
    ['items[0][]=x', 'items/0', '[key]=value behind this name'],
    ['created[0]=1', 'created', 'the style deepObject: created[key]=value or created=value'],
    ['f[tags]=a&f[tags][]=b', 'f/tags', 'for a list, behind this name []=value []=value'],
    ['f[tags][1]=b', 'f/tags', 'for a list, behind this name []=value []=value'],
  ] as const) {
    for (const check of [query, form, multipart]) {
      const found = check(wire);
      assert.equal(toldAlike(found), `${place} style`, wire);
      assert.ok(found[0]?.expected?.startsWith(words), `${wire} ${found[0]?.expected}`);
    }
  }
  const [found] = query('f[n][x]=1');
  assert.match(found?.expected ?? '', /^a value here, and no \[key\] behind it/);
});

test('brackets cost no more than their bytes', () => {
  const { query } = inBrackets({
    list: { type: 'array', items: { type: 'object', properties: { a: integer } } },
    map: { type: 'object', properties: { a: integer }, additionalProperties: { type: 'object' } },
  });
  const texts = [
    (index: number) => `list[${999 - index}][a]=1`,
    (index: number) => `list[${index}]['${'.x'.repeat(300)}${index}']=1`,
    (index: number) => `map[${'%2525'.repeat(100)}${index}][${'('.repeat(300)}]=1`,
    (index: number) => `map[${index}]${'[a]'.repeat(200)}=1`,
  ];
  const usedMs = processorMs(() => {
    for (const text of texts) query(Array.from({ length: 1_000 }, (_, at) => text(at)).join('&'));
  });
  assert.ok(usedMs < 10_000, `${usedMs}`);
});
