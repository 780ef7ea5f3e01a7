import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, headers, openOperation, parts, told, utf8 } from '../testing.fixture.ts';
import type { ApiOperation } from '../types.ts';
import { check, FORM, MULTIPART, multipart, pay } from './form-fields.fixture.ts';

const JSON_TYPE = 'application/json';
const query = [
  { in: 'query', name: 'dryRun', schema: { type: 'boolean', const: true } },
  { in: 'query', name: 'limit', schema: { type: 'integer', maximum: 100 } },
  {
    in: 'query',
    name: 'filter',
    style: 'deepObject',
    schema: { type: 'object', properties: { max: { type: 'integer' } } },
  },
  {
    in: 'query',
    name: 'page',
    schema: { type: 'object', properties: { size: { type: 'integer' } } },
  },
];
const path = { in: 'path', name: 'user_id', required: true, schema: { type: 'string' } };

const withBody = (schema: object | undefined, parameters: object[] = [...query, path], rest = {}) =>
  openOperation(
    {
      parameters,
      requestBody: {
        content: Object.fromEntries(
          [FORM, 'multipart/form-data', JSON_TYPE].map((type) => [type, schema ? { schema } : {}]),
        ),
      },
    },
    { path: '/users/{user_id}/payments', ...rest },
  );

const ofForms = (operation: ApiOperation, name: string): string[] => [
  check(operation, FORM, `amount=1&${encodeURIComponent(name)}=9`),
  check(operation, MULTIPART, multipart(['name="amount"', '1'], [`name="${name}"`, '9'])),
];
const ofJson = (operation: ApiOperation, body: object) =>
  check(operation, JSON_TYPE, JSON.stringify(body));

const ALIKE = [
  ...['dryRun', 'DRYRUN', 'dryrun', 'dryRun[]', ' dryRun', "'dryRun'", 'dryRun.x', 'model.dryRun'],
  ...[
    'limit',
    'limit[0]',
    'Limit',
    '%6Cimit',
    'filter',
    'filter[max]',
    'filter.max',
    'filter[other]',
  ],
  ...['FILTER[max]', 'size', 'Size', 'size[]'],
  ...['user_id', 'USER_ID', 'user_id[]', 'user.id', 'user id', 'dry_run', 'userId'],
];

test('a field of a form that nobody described does not take the place of a checked parameter', () => {
  const operation = withBody(pay);
  for (const name of ALIKE) {
    for (const found of ofForms(operation, name)) {
      assert.equal(found, 'body  look-alike', JSON.stringify(name));
    }
  }
  for (const name of [
    'other',
    'limits',
    'user',
    'id',
    'photo[user_id]',
    'max',
    'run',
    'dry_run_2',
  ]) {
    assert.deepEqual(ofForms(operation, name), ['', ''], name);
  }
  assert.equal(check(operation, FORM, 'amount=1&_charset_=UTF-8'), '');
});

test('nor does a field of a form of which nothing is described', () => {
  const free = withBody(undefined);
  const type = headers('content-type', FORM);
  assert.equal(free.expectBody(type, true).kind, 'validate');
  for (const name of ALIKE) {
    const form = `x=1&x=2&${encodeURIComponent(name)}=9`;
    assert.equal(check(free, FORM, form), 'body  look-alike', name);
  }
  assert.equal(check(free, FORM, 'x=1&x=2&other[]=1'), '');
  assert.equal(check(free, FORM, 'x=1;limit=2'), 'body  semicolon');
  assert.equal(check(free, FORM, 'x=%zz'), '');
  assert.equal(check(free, FORM, '%zz=1'), 'body  encoding');
  assert.equal(check(free, FORM, 'x=1&_charset_=utf-7'), 'body  charset');
  assert.equal(check(free, `${FORM}; charset=utf-16`, 'x=1'), 'content-type  charset');
  // Without parameters, there is nothing to compare it with.
  const alone = openOperation({ requestBody: { content: { [FORM]: {} } } });
  assert.equal(alone.expectBody(type, true).kind, 'stream');
  const open = withBody({ type: 'object' });
  for (const found of ofForms(open, 'limit')) assert.equal(found, 'body  look-alike');
});

test('a member of JSON that nobody described does not take the place of a query parameter', () => {
  const operation = withBody(pay);
  for (const name of [
    'dryRun',
    'DRYRUN',
    'limit',
    'filter',
    'Filter',
    'filter[max]',
    'size',
    'limit[]',
  ]) {
    assert.equal(ofJson(operation, { amount: 1, [name]: { max: 9 } }), 'body  look-alike', name);
    assert.equal(ofJson(withBody(undefined), { [name]: 9 }), 'body  look-alike', name);
    assert.equal(ofJson(withBody({}), { [name]: 9 }), 'body  look-alike', name);
  }
  // The path wins over them, and below the top nobody looks for parameters.
  for (const body of [
    { user_id: 1 },
    { other: { limit: 9 } },
    { 'service.limit': 1 },
    { max: 1 },
  ]) {
    assert.equal(ofJson(operation, { amount: 1, ...body }), '', JSON.stringify(body));
  }
  assert.equal(check(withBody({}), JSON_TYPE, '[{"limit":9}]'), '');
  assert.equal(check(withBody({}), JSON_TYPE, '"limit"'), '');
});

test('what the schema of the body has itself passes, where a schema in force has it', () => {
  const own = { limit: { type: 'integer', maximum: 5 }, user_id: { type: 'string' } };
  const described = { ...pay, properties: { ...pay.properties, ...own } };
  for (const operation of [
    withBody(described),
    withBody({ allOf: [pay, { type: 'object', properties: own }] }),
  ]) {
    assert.equal(check(operation, FORM, 'amount=1&limit=5&user_id=a'), '');
    assert.equal(check(operation, FORM, 'amount=1&limit=6'), 'body /limit maximum');
    const body = multipart(['name="amount"', '1'], ['name="limit"', '5']);
    assert.equal(check(operation, MULTIPART, body), '');
    assert.equal(ofJson(operation, { amount: 1, limit: 5 }), '');
    assert.equal(ofJson(operation, { amount: 1, limit: 6 }), 'body /limit maximum');
  }
  // An alternative that is not in force has checked nothing.
  const either = withBody({
    oneOf: [
      { type: 'object', required: ['a'], properties: { a: {}, limit: { maximum: 5 } } },
      { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } },
    ],
  });
  assert.equal(ofJson(either, { a: 1, limit: 5 }), '');
  assert.equal(ofJson(either, { amount: 1, limit: 9 }), 'body  look-alike');
  assert.equal(check(either, FORM, 'a=1&limit=5'), '');
  assert.equal(check(either, FORM, 'amount=1&limit=9'), 'body  look-alike');
  const pattern = withBody({ ...pay, patternProperties: { '^lim': {} }, additionalProperties: {} });
  assert.equal(ofJson(pattern, { amount: 1, limit: 9 }), 'body  look-alike');
});

test('an undescribed name that the query may carry does not take the place of a field of the body', () => {
  const settings = {
    allowUndocumentedQuery: ['amount', 'Amount', 'note[]', 'user_id', 'utm_source'],
  };
  const ofQuery = (operation: ApiOperation, text: string) =>
    told(
      operation.checkParameters(
        parts({
          query: text,
          pathValues: ['u'],
          credentialNames: { query: ['note'], header: [], cookie: [] },
        }),
      ),
    );
  const operation = withBody(pay, [path], { settings });
  for (const name of ['amount', 'Amount', 'note[]', 'user_id']) {
    assert.equal(ofQuery(operation, `${name}=9`), 'query  look-alike', name);
  }
  assert.equal(ofQuery(operation, 'utm_source=x'), '');
  // A credential does not go on.
  assert.equal(ofQuery(operation, 'note=key'), '');
  const free = { in: 'query', name: 'q', schema: { type: 'object', additionalProperties: true } };
  const absorbing = withBody(pay, [path, free]);
  assert.equal(ofQuery(absorbing, 'amount=9'), 'query  look-alike');
  assert.equal(ofQuery(absorbing, 'other=9'), '');
  const described = withBody(pay, [path, { in: 'query', name: 'amount', schema: {} }]);
  assert.equal(ofQuery(described, 'amount=9'), '');
});

test('the caller is told what the name is like, and nothing that was sent', () => {
  const operation = withBody(pay);
  const expected = (type: string, body: string) =>
    operation.checkBody(headers('content-type', type), utf8(body), BOUNDS).violations[0]?.expected;
  const inBody =
    'in its own place alone, and nothing undescribed in the body that some services read as it';
  assert.equal(expected(FORM, 'amount=1&DRYRUN=x'), `the query parameter "dryRun" ${inBody}`);
  assert.equal(expected(FORM, 'amount=1&user_id[]=x'), `the path parameter "user_id" ${inBody}`);
  assert.equal(
    expected(JSON_TYPE, '{"amount":1,"LIMIT":1}'),
    `the query parameter "limit" ${inBody}`,
  );
});

test('a part of a body whose parts nobody described does not take the place of a parameter', () => {
  const named = (operation: ApiOperation, name: string) =>
    check(operation, MULTIPART, multipart(['name="x"', '1'], [`name="${name}"`, '9']));
  for (const operation of [withBody(undefined), withBody({}), withBody({ type: 'string' })]) {
    const type = headers('content-type', MULTIPART);
    assert.equal(operation.expectBody(type, true).kind, 'validate');
    for (const name of ALIKE) assert.equal(named(operation, name), 'body  look-alike', name);
    for (const name of ['other', 'photo[user_id]', 'max']) assert.equal(named(operation, name), '');
    assert.equal(check(operation, MULTIPART, 'no parts'), 'body  multipart');
    const utf7 = multipart(['name="_charset_"', 'utf-7']);
    assert.equal(check(operation, MULTIPART, utf7), 'body  charset');
  }
  // Rack reads these as forms, too; parts without names are nobody's fields.
  const ranged = openOperation(
    { parameters: [...query, path], requestBody: { content: { '*/*': {} } } },
    { path: '/users/{user_id}/payments' },
  );
  const mixed = MULTIPART.replace('form-data', 'mixed');
  const part = (head: string) => `--XX\r\n${head}\r\n\r\n9\r\n--XX--\r\n`;
  const disposition = 'Content-Disposition: form-data; name="limit"';
  assert.equal(check(ranged, mixed, part(disposition)), 'body  look-alike');
  assert.equal(check(ranged, mixed, part('Content-Type: text/plain')), '');
  // Whoever says that they are bytes has them passed on as they are, as does who has no parameters.
  const stream = (operation: ApiOperation) =>
    operation.expectBody(headers('content-type', MULTIPART), true).kind;
  assert.equal(stream(withBody({ type: 'string', format: 'binary' })), 'stream');
  const alone = { requestBody: { content: { 'multipart/form-data': {} } } };
  assert.equal(stream(openOperation(alone)), 'stream');
});

test('nor does an element or attribute of XML that nobody described', () => {
  const XML = 'application/xml';
  const withXml = (schema: object) =>
    openOperation(
      { parameters: [...query, path], requestBody: { content: { [XML]: { schema } } } },
      { path: '/users/{user_id}/payments' },
    );
  const document = withXml({ ...pay, xml: { name: 'pay' } });
  const bytes = withXml({ type: 'string', format: 'binary' });
  const text = withXml({ type: 'string' });
  for (const name of ['dryRun', 'limit', 'LIMIT', 'filter', 'size', '_method']) {
    const rule = name === '_method' ? 'method-override' : 'look-alike';
    for (const written of [
      `<pay><amount>1</amount><${name}>9</${name}></pay>`,
      `<pay ${name}="9"><amount>1</amount></pay>`,
    ]) {
      for (const operation of [document, bytes, text]) {
        assert.equal(check(operation, XML, written), `body  ${rule}`, written);
      }
    }
    assert.equal(check(bytes, XML, `<${name}>9</${name}>`), `body  ${rule}`, name);
  }
  for (const operation of [document, bytes, text]) {
    for (const written of [
      '<pay><amount>1</amount><other>9</other></pay>',
      '<pay><amount>1</amount><other><limit>9</limit></other></pay>',
      '<pay user_id="1"><amount>1</amount></pay>',
    ]) {
      assert.equal(check(operation, XML, written), '', written);
    }
  }
  const listed = { amount: { type: 'integer' }, limit: { type: 'integer', maximum: 5 } };
  const own = withXml({ type: 'object', properties: listed, xml: { name: 'pay' } });
  assert.equal(check(own, XML, '<pay><amount>1</amount><limit>5</limit></pay>'), '');
  assert.equal(check(own, XML, '<pay><limit>6</limit></pay>'), 'body /limit maximum');
});
