import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorMs } from '../../processor-time.fixture.ts';
import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';

const amount = { type: 'integer', minimum: 1, maximum: 100 };
const payment = { type: 'object', required: ['amount'], properties: { amount, note: {} } };
const JSON_TYPE = 'application/json';

function judge(schema: object, body: unknown, options: object = {}): string {
  const content = { [JSON_TYPE]: { schema } };
  const operation = openOperation({ requestBody: { content } }, options);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = headers('content-type', JSON_TYPE);
  return told(operation.checkBody(type, utf8(text), BOUNDS).violations);
}

test('a member that a service takes for a described one does not pass beside it, or instead, unchecked', () => {
  assert.equal(judge(payment, { amount: 1, note: 'x', other: 2 }), '');
  for (const name of ['Amount', 'AMOUNT', 'aMOUNT', 'am\u2060ount', '\uFF41mount', 'amoun\uFF54']) {
    const found = `body /${name} look-alike`;
    assert.equal(judge(payment, { amount: 1, [name]: 1_000_000 }), found, name);
    assert.equal(judge(payment, { [name]: 1, amount: 1 }), found, 'also where its value would do');
  }
  assert.equal(judge(payment, '{"amount":1,"\\u0041mount":2}'), 'body /Amount look-alike');
  // Go compares names by their folded letters: the long s and the sign of Kelvin are an s and a k.
  const keys = { type: 'object', properties: { key: {}, status: {} } };
  assert.equal(judge(keys, { '\u212Aey': 1 }), 'body /\u212Aey look-alike');
  assert.equal(judge(keys, { '\u017Ftatus': 1 }), 'body /\u017Ftatus look-alike');
});

test('a member whose name a service in C reads up to a NUL does not pass in place of a described one', () => {
  const names = ['amount\0', 'amount\0x', 'Amount\0', 'amount\n', 'amount\u2028x', 'amount '];
  for (const name of [...names, ' amount', 'a mount', '\0amount', 'am\0ount', 'amount\u009f']) {
    const found = judge(payment, { amount: 5, [name]: 1_000_000 });
    assert.match(found, /^body .* look-alike$/s, JSON.stringify(name));
  }
  assert.match(judge(payment, '{"amount":5,"amount\\u0000":1000000}'), /look-alike$/);
  const written = { type: 'object', properties: { user_name: {}, 'a\0b': {} } };
  assert.match(judge(written, { 'userName\0z': 1 }), /look-alike$/);
  assert.equal(judge(written, { 'a\0b': 1, 'c\0d': 2 }), '');
  const restrained = { type: 'object', not: { properties: { user: { required: ['admin'] } } } };
  assert.match(judge(restrained, { user: { 'admin\0': 1 } }), /look-alike$/);
});

test('a member in the writing of another language is not bound to a described one unchecked', () => {
  const typeName = { type: 'string', maxLength: 3 };
  const camel = { type: 'object', properties: { typeName } };
  for (const name of [
    'type_name',
    'type-name',
    'TYPE_NAME',
    'Type-Name',
    '_typeName',
    'typename_',
  ]) {
    const found = `body /${name} look-alike`;
    assert.equal(judge(camel, { [name]: 'EVIL' }), found, name);
    assert.equal(judge(camel, { typeName: 'a', [name]: 'EVIL' }), found, name);
  }
  assert.equal(judge(camel, '{"type\\u005fname":"EVIL"}'), 'body /type_name look-alike');
  const snake = { type: 'object', properties: { account_number: typeName } };
  assert.equal(judge(snake, { accountNumber: 'EVIL' }), 'body /accountNumber look-alike');
  const kept = { type: 'object', properties: { userId: { readOnly: true } } };
  assert.equal(judge(kept, { userId: 1 }), '');
  assert.equal(judge(kept, { user_id: 1 }), 'body /user_id look-alike');
});

test('of all writings of some words, the described ones pass and the others do not', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,4}[0-9]?$/), { minLength: 2, maxLength: 4 });
  const writings: readonly ((words: readonly string[]) => string)[] = [
    (list) => list.map((word, at) => (at === 0 ? word : capital(word))).join(''),
    (list) => list.map(capital).join(''),
    (list) => list.join('_'),
    (list) => list.join('-'),
    (list) => list.join('_').toUpperCase(),
    (list) => `_${list.join('__')}`,
  ];
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  fc.assert(
    fc.property(words, fc.subarray([...writings.keys()], { minLength: 1 }), (list, described) => {
      const names = writings.map((write) => write(list));
      const listed = new Set(described.map((index) => names[index] as string));
      const properties = Object.fromEntries([...listed].map((name) => [name, {}]));
      for (const name of names) {
        const found = judge({ type: 'object', properties }, { [name]: 1, other: 2 });
        assert.equal(found, listed.has(name) ? '' : `body /${name} look-alike`);
      }
    }),
    { numRuns: 100 },
  );
});

test('a name that may not be does not come in another writing', () => {
  for (const names of [{ not: { enum: ['admin', 'role'] } }, { not: { const: 'admin' } }]) {
    const schema = { type: 'object', propertyNames: names };
    assert.equal(judge(schema, { user: 1 }), '');
    assert.match(judge(schema, { admin: 1 }), /propertyNames/);
    for (const name of ['Admin', 'ADMIN', 'admin\0', 'a_dmin', 'adm\u00adin', '\uff41dmin']) {
      assert.match(judge(schema, { [name]: 1 }), /look-alike$/, JSON.stringify(name));
    }
  }
});

test('nor does it where the words that may not be stand behind a reference, beside others, or in a pattern', () => {
  const rest = {
    components: {
      schemas: {
        Admin: { enum: ['admin'] },
        NotAdmin: { not: { const: 'admin' } },
        Held: { type: 'object', propertyNames: { not: { enum: ['admin'] } } },
      },
    },
  };
  const [admin, notAdmin, held] = ['Admin', 'NotAdmin', 'Held'].map((name) => ({
    $ref: `#/components/schemas/${name}`,
  }));
  const names = (schema: object) => ({ propertyNames: schema });
  for (const schema of [
    names({ not: admin }),
    names(notAdmin as object),
    names({ allOf: [notAdmin] }),
    names({ allOf: [{ not: { enum: ['admin'] } }] }),
    names({ anyOf: [{ not: { enum: ['admin'] } }, { const: 'other' }] }),
    names({ not: { anyOf: [{ const: 'admin' }, { const: 'role' }] } }),
    names({ if: { not: { const: 'admin' } }, else: false }),
    names({ not: { pattern: '(?i)^admin$' } }),
    names({ pattern: '^(?!admin$).*$' }),
    names({ pattern: '^(?!(?:role|admin)$)' }),
    { ...held, propertyNames: { maxLength: 20 } },
    { ...names({ not: { enum: ['admin'] } }), $ref: '#/components/schemas/Held' },
    { allOf: [held, { properties: { user: {} } }] },
    { anyOf: [held, { type: 'string' }] },
    { patternProperties: { '(?i)^admin$': false } },
    { patternProperties: { '^[Aa][Dd][Mm][Ii][Nn]$': false } },
    { patternProperties: { '/^(is)?admin$/i': false } },
  ]) {
    const what = JSON.stringify(schema);
    assert.equal(judge(schema, { user: 1, isX: 2, administer: 3 }, { rest }), '', what);
    for (const name of ['admin', 'Admin', 'ad_min', 'admin ', 'admin\0', 'adm\u00adin', 'ADMIN']) {
      const found = judge(schema, { [name]: 1 }, { rest });
      assert.notEqual(found, '', `${what} ${JSON.stringify(name)}`);
    }
  }
});

test('a word that no name may have does not come in another writing', () => {
  const rest = { components: { schemas: { Pattern: { pattern: '^admin' } } } };
  for (const schema of [
    { patternProperties: { '^admin': false } },
    { patternProperties: { '^admin.*$': { not: {} } } },
    { propertyNames: { not: { pattern: '^admin' } } },
    { propertyNames: { not: { anyOf: [{ pattern: '^admin' }, { pattern: '^role$' }] } } },
    { propertyNames: { not: { $ref: '#/components/schemas/Pattern' } } },
    { propertyNames: { allOf: [{ not: { pattern: '^admin' } }] } },
    { propertyNames: { pattern: '^(?!admin)' } },
    { allOf: [{ patternProperties: { '^admin': false } }] },
    { type: 'object', properties: {}, allOf: [{ propertyNames: { not: { pattern: '^admin' } } }] },
  ]) {
    const what = JSON.stringify(schema);
    for (const name of [
      'admin',
      'Admin',
      'ADMIN_role',
      'ad_min',
      'a dmin',
      'Ad-min_role',
      'administrator',
      '\uff41dmin',
    ]) {
      assert.notEqual(judge(schema, { [name]: 1 }, { rest }), '', `${what} ${name}`);
    }
    for (const name of ['user', 'sysadmin', 'badAdmin', 'adm', 'rolex']) {
      assert.equal(judge(schema, { [name]: 1 }, { rest }), '', `${what} ${name}`);
    }
  }
  const words = { patternProperties: { '^is_': false, Secret$: false, internal: false } };
  for (const name of [
    'isAdmin',
    'IsAdmin',
    'is-admin',
    'IS_ADMIN',
    'clientSecret',
    'client_secret',
    'anInternalNote',
  ]) {
    assert.notEqual(judge(words, { [name]: 1 }), '', name);
  }
  for (const name of ['issuer', 'island', 'secrets', 'winter_national', 'a_is_b']) {
    assert.equal(judge(words, { [name]: 1 }), '', name);
  }
});

test('a pattern that says how names are written, or what they are, refuses no other names than before', () => {
  const name = { userId: 1, user: 2, User: 3, a1: 4 };
  for (const [pattern, fits] of [
    ['[A-Z]', { user_id: 1, a1: 2 }],
    ['^[A-Z]', { userId: 1, a1: 2 }],
    ['_', { userId: 1, User: 2 }],
    ['^_', { userId: 1, User: 2 }],
    ['^\\$', name],
    ['[^a-zA-Z0-9]', name],
    ['^x-', name],
    ['^.{20,}$', name],
    ['^[a-z]', { User: 1 }],
  ] as const) {
    assert.equal(judge({ patternProperties: { [pattern]: false } }, fits), '', pattern);
    assert.equal(judge({ propertyNames: { not: { pattern } } }, fits), '', pattern);
  }
  for (const pattern of ['^[a-z]+$', '^(?!_)[a-z]+$', '^(?:user|admin)', '^admin']) {
    const described = { patternProperties: { [pattern]: {} } };
    assert.equal(judge(described, { Admin_role: 1, userAdmin: 2, admin: 3 }), '', pattern);
  }
  const bounded = { propertyNames: { not: { pattern: '^admin', maxLength: 6 } } };
  assert.equal(judge(bounded, { administrator: 1, Administrator: 2 }), '');
});

test('a member whose name is a path into a described one, or a part of it, does not pass beside it', () => {
  const address = { type: 'object', properties: { role: { enum: ['user'] } } };
  const schema = {
    type: 'object',
    properties: { address, due_on: { const: '2026-01-01' }, 'user.id': {} },
  };
  for (const name of [
    'address.role',
    'Address.Role',
    'address\uff0erole',
    'address[role]',
    "address['role']",
    '[address]',
    '[address].role',
    '.address',
    'address[0].role',
    'address->role',
    'address(1)',
    'address.',
    'due_on(1i)',
    'dueOn(2i)',
    'due_on (1i)',
  ]) {
    assert.match(judge(schema, { [name]: 'admin' }), /look-alike$/, name);
    assert.match(judge({ allOf: [schema, {}] }, { [name]: 'admin' }), /look-alike$/, name);
  }
  assert.equal(judge(schema, '{"due_on(1i)":2099}'), 'body /due_on(1i) look-alike');
  assert.match(
    judge({ not: { properties: { a: { required: ['b'] } } } }, { a: { 'b.c': 1 } }),
    /look-alike$/,
  );
  for (const name of [
    'user.id',
    'user.name',
    'street.address',
    'addresses.role',
    '@odata.type',
    'address@odata.type',
    'dc:title',
    'a/b',
    '...',
    '[]',
    '()',
    '->',
  ]) {
    assert.equal(judge(schema, { [name]: 1 }), '', name);
  }
  // A pattern of such names describes them.
  const translated = {
    type: 'object',
    properties: { name: {} },
    patternProperties: { '^name\\.[a-z]{2}$': {} },
  };
  assert.equal(judge(translated, { name: 1, 'name.en': 2 }), '');
  assert.equal(judge(translated, { 'name.first': 2 }), 'body /name.first look-alike');
  const any = { ...translated, patternProperties: { '^.*$': {} } };
  assert.equal(judge(any, { 'name.en': 2 }), 'body /name.en look-alike');
  assert.equal(
    judge({ propertyNames: { enum: ['name', 'name.en'] } }, { name: 1, 'name.en': 2 }),
    '',
  );
});

test('a name that a schema speaks of in any other way is a described one, too', () => {
  const found = 'body /Admin look-alike';
  for (const schema of [
    { required: ['admin'] },
    { not: { required: ['admin'] } },
    { patternProperties: { '^admin$': {} } },
    { patternProperties: { '^(?:user|admin)$': {} } },
    { patternProperties: { '^(?:is)?(?:user|admin)s?$': {} } },
    { propertyNames: { not: { pattern: '^(?:is)?admin$' } } },
    { dependentRequired: { admin: ['a'] } },
    { dependentRequired: { a: ['admin'] } },
    { dependentSchemas: { admin: { required: ['a'] } } },
    { if: { properties: { admin: { const: 1 } }, required: ['admin'] }, else: {} },
    { anyOf: [{ required: ['b'] }, { properties: { admin: { const: 1 } }, required: ['admin'] }] },
    {
      oneOf: [
        { required: ['b'] },
        { allOf: [{ not: { required: ['c'] } }, { required: ['admin'] }] },
      ],
    },
  ]) {
    const what = JSON.stringify(schema);
    const body = { b: 1, ...(what.startsWith('{"required') && { admin: 1 }), Admin: 2 };
    assert.equal(judge({ type: 'object', ...schema }, body), found, what);
    assert.doesNotMatch(
      judge({ type: 'object', ...schema }, { a: 1, b: 1, admin: 1 }),
      /look-alike/,
    );
  }
  // A pattern that is none of one name means no name.
  assert.equal(judge({ patternProperties: { '^adm': {}, in$: {} } }, { Admin: 1 }), '');
});

test('it is found wherever a schema speaks: below, in parts, behind references, in free maps', () => {
  const schemas = { Payment: payment };
  const named = { $ref: '#/components/schemas/Payment' };
  const body = { amount: 1, Amount: 2 };
  const rest = { components: { schemas } };
  assert.equal(judge({ type: 'array', items: payment }, [body]), 'body /0/Amount look-alike');
  assert.equal(judge({ properties: { a: payment } }, { a: body }), 'body /a/Amount look-alike');
  assert.equal(judge(named, body, { rest }), 'body /Amount look-alike');
  assert.equal(
    judge({ allOf: [named, { required: ['amount'] }] }, body, { rest }),
    'body /Amount look-alike',
  );
  assert.equal(
    judge({ anyOf: [named, { type: 'string' }] }, body, { rest }),
    'body /Amount look-alike',
  );
  const map = { ...payment, additionalProperties: { type: 'integer' } };
  assert.equal(judge(map, body), 'body /Amount look-alike');
  const maps = { type: 'object', additionalProperties: payment };
  assert.equal(judge(maps, { any: body }), 'body /any/Amount look-alike');
  assert.equal(
    judge({ ...payment, patternProperties: { '^A': {} } }, body),
    'body /Amount look-alike',
  );
  const inner = { type: 'object', properties: { a: { $ref: '#/components/schemas/Payment' } } };
  assert.equal(
    judge(inner, { a: body, b: { amount: 0, Amount: 0 } }, { rest }),
    'body /a/Amount look-alike',
  );
});

test('names that a schema lists, and those that resemble none, pass as before', () => {
  const both = { type: 'object', properties: { id: { type: 'integer' }, ID: { type: 'string' } } };
  assert.equal(judge(both, { id: 1, ID: 'a' }), '');
  assert.equal(
    judge({ allOf: [payment, { properties: { Amount: {} } }] }, { amount: 1, Amount: 2 }),
    '',
  );
  assert.equal(judge(payment, { amount: 1, amounts: 2, 'amount 3': 3, amount_2: 4 }), '');
  const written = { type: 'object', properties: { typeName: {}, type_name: {}, 'type-name': {} } };
  assert.equal(judge(written, { typeName: 1, type_name: 2, 'type-name': 3 }), '');
  assert.equal(judge({ properties: { _: {} } }, { '-': 1, '': 2 }), '');
  assert.equal(judge({ type: 'object', additionalProperties: amount }, { a: 1, A: 2 }), '');
  assert.equal(judge({}, { a: 1, A: 2 }), '');
});

test('a member that is cut out because only the service may set it is not set under another spelling', () => {
  const schema = { type: 'object', properties: { id: { type: 'string', readOnly: true }, a: {} } };
  assert.equal(judge(schema, { id: 'x', a: 1 }), '');
  assert.equal(judge(schema, { Id: 'x', a: 1 }), 'body /Id look-alike');
});

test('what is expected is said', () => {
  const operation = openOperation({
    requestBody: { content: { [JSON_TYPE]: { schema: payment } } },
  });
  const type = headers('content-type', JSON_TYPE);
  const { violations } = operation.checkBody(type, utf8('{"amount":1,"AMOUNT":2}'), BOUNDS);
  assert.equal(violations[0]?.expected, 'the name "amount"');
});

test('an answer that spells a member otherwise is told as it was', () => {
  const operation = openOperation({
    responses: { 200: { description: '', content: { [JSON_TYPE]: { schema: payment } } } },
  });
  const type = headers('content-type', JSON_TYPE);
  const answer = utf8('{"amount":1,"Amount":2}');
  const check = operation.checkAnswer(200, type, answer, BOUNDS, { findUndocumented: true });
  assert.deepEqual([told(check.violations), check.undocumented], ['', ['/Amount']]);
});

test('nor does one below what a schema restrains: of what is forbidden, a condition, or counted', () => {
  const admin = { required: ['admin'] };
  const user = { properties: { user: admin } };
  const deep = { properties: { user: { properties: { rights: admin } } } };
  const member = 'body /user/Admin look-alike';
  for (const schema of [
    { not: user },
    { not: { anyOf: [user, { required: ['x'] }] } },
    { if: user, else: {} },
    { allOf: [{ if: user, else: {} }] },
    { anyOf: [{ not: user }, { required: ['none'] }] },
    { dependentSchemas: { a: { not: user } } },
    { not: { patternProperties: { '^us': admin } } },
    { not: { additionalProperties: admin } },
  ]) {
    const what = JSON.stringify(schema);
    assert.equal(judge({ type: 'object', ...schema }, { a: 1, user: { Admin: 1 } }), member, what);
    assert.equal(judge({ type: 'object', ...schema }, { a: 1, user: { other: 1 } }), '', what);
  }
  assert.equal(
    judge({ not: deep }, { user: { rights: { a: 1, ADMIN: 1 } } }),
    'body /user/rights/ADMIN look-alike',
  );
  const rest = { components: { schemas: { User: { properties: {} }, Admin: user } } };
  const [named, restrained] = ['User', 'Admin'].map((name) => ({
    $ref: `#/components/schemas/${name}`,
  }));
  const body = { user: { Admin: 1 } };
  assert.equal(judge({ ...named, not: restrained }, body, { rest }), member);
  const list = { type: 'array', items: { type: 'object' } };
  const item = 'body /1/Admin look-alike';
  const items = [{ admin: 1 }, { Admin: 1 }];
  for (const schema of [
    { ...list, contains: admin, maxContains: 1 },
    { ...list, not: { items: admin } },
    { ...list, not: { prefixItems: [{}, admin] } },
    { ...list, prefixItems: [{}, { not: { properties: {}, ...admin } }] },
  ]) {
    const what = JSON.stringify(schema);
    assert.equal(judge(schema, items), item, what);
    assert.equal(judge(schema, [{ admin: 1 }, { other: 1 }]), '', what);
  }
  // What some schema speaks of by this name is described.
  const both = { ...user, properties: { user: { properties: { Admin: {} } } } };
  assert.equal(judge({ ...both, not: user }, body), '');
});

test('names of any length and signs are compared in the time that their length takes', () => {
  const schema = {
    type: 'object',
    properties: { address: {} },
    patternProperties: { '^admin': false, '(?i)^(is|has)_?root$': false },
    propertyNames: { not: { pattern: 'internal' } },
  };
  for (const piece of ['(', '.', '[', ']', 'x-', '->', 'xY', ' [', 'a.b', 'admi', '\uff0e']) {
    const body = JSON.stringify({ [piece.repeat(99_000 / piece.length)]: 1 });
    const tookMs = processorMs(() => judge(schema, body));
    assert.ok(tookMs < 1_000, `${piece}: ${tookMs} ms`);
  }
  const names = Array.from({ length: 9_000 }, (_, index) => [`a.b${index}`, 1] as const);
  const body = Object.fromEntries(names);
  const tookMs = processorMs(() => judge(schema, body));
  assert.ok(tookMs < 1_500, `${tookMs} ms`);
});
