import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, call } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** A refusal says what to mend, to whoever wrote it, and nothing that a record would keep of it. */

const responses = { 200: { description: 'ok' } };
const page = { name: 'page', in: 'query', schema: { type: 'integer' } };
const json = { schema: { type: 'object' } };
const many = Array.from({ length: 60 }, (_, at) => [`application/x-${at}+json`, json]);
const service = await startService({ after });
const poorter = await startPoorter(
  { after },
  {
    description: {
      openapi: '3.1.0',
      info: { title: 'Things', version: '1' },
      components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
      paths: {
        '/things': {
          get: { security: [], parameters: [page], responses },
          post: {
            security: [],
            requestBody: {
              content: {
                'application/json; version="a b"': json,
                'text/csv': { schema: { type: 'string' } },
                'image/*': {},
              },
            },
            responses,
          },
          put: { security: [], requestBody: { content: Object.fromEntries(many) }, responses },
          patch: { security: [{ key: [] }], requestBody: { content: { 'a/b': {} } }, responses },
        },
      },
    },
    upstream: service.url,
    threads: 1,
  },
);
const at = (path: string) => `${poorter.url}${path}`;
const problemOf = ({ text }: Answer) => JSON.parse(text);

test('who sends a query parameter that is not described is told which, where that is a name', async () => {
  const named: [string, string[]][] = [
    ['pgae=1', ['pgae']],
    ['page=1&debug=s3cret&sort%5Bby%5D=s3cret', ['debug', 'sort[by]']],
    ['verbose', ['verbose']],
    [`${'a'.repeat(40)}=s3cret`, ['a'.repeat(40)]],
  ];
  for (const [query, names] of named) {
    const answer = await call(at(`/things?${query}`));
    assert.equal(answer.status, 400);
    const { errors } = problemOf(answer);
    const told = errors.map(({ name, rule, expected }: Record<string, string>) => [
      name,
      rule,
      expected,
    ]);
    assert.deepEqual(
      told,
      names.map((name) => [name, 'undocumented', 'one of page']),
    );
    assert.ok(!answer.text.includes('s3cret'));
  }
  const unnamed = [
    '%1b%5b31m=1',
    '%3Cscript%3E=1',
    'a%20b=1',
    '%00=1',
    '%E2%80%AE=1',
    'é=1',
    'a@b=1',
  ];
  for (const query of [...unnamed.map((one) => encodeURI(decodeURI(one))), `${'k'.repeat(41)}=1`]) {
    const answer = await call(at(`/things?${query}`));
    assert.equal(answer.status, 400, query);
    const { code, errors } = problemOf(answer);
    if (code !== 'request_invalid') continue;
    assert.deepEqual(
      errors.map(({ name, rule }: Record<string, string>) => [name, rule]),
      [[undefined, 'undocumented']],
      query,
    );
  }
  const flood = Array.from({ length: 500 }, (_, index) => `n${index}=1`).join('&');
  assert.ok(problemOf(await call(at(`/things?${flood}`))).errors.length <= 16);
});

test('a name that a stranger made up is in no record', async () => {
  await call(at('/things?alice-the-caller=1'));
  const records = await poorter.records();
  const last = records.at(-1);
  assert.equal(last?.['code'], 'request_invalid');
  assert.ok(!JSON.stringify(records).includes('alice-the-caller'));
});

test('who sends a body of another media type is told which are accepted', async () => {
  const accepted = ['application/json; version="a b"', 'text/csv', 'image/*'];
  const cases: [Record<string, string>, string][] = [
    [{ 'content-type': 'application/xml' }, 'content-type'],
    [{}, 'content-type'],
    [{ 'content-type': 'application/json; version=2' }, 'content-type'],
    [{ 'content-type': 'text/csv; charset=utf-16' }, 'charset'],
    [{ 'content-type': 'text/csv', 'content-encoding': 'gzip' }, 'content-encoding'],
  ];
  for (const [headers, rule] of cases) {
    const answer = await call(at('/things'), { method: 'POST', headers, body: '<s3cret/>' });
    assert.equal(answer.status, 415, answer.text);
    const problem = problemOf(answer);
    assert.deepEqual([problem.rule, problem.accepted], [rule, accepted]);
    assert.ok(!answer.text.includes('s3cret') && !answer.text.includes('xml'), answer.text);
  }
  const headers = { 'content-type': 'text/plain' };
  const bounded = await call(at('/things'), { method: 'PUT', headers, body: 'x' });
  assert.equal(problemOf(bounded).accepted.length, 20);
  const stranger = await call(at('/things'), { method: 'PATCH', headers, body: 'x' });
  assert.equal(stranger.status, 401);
  assert.equal(problemOf(stranger).accepted, undefined, 'strangers learn nothing of it');
});
