import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { call, codeOf } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

const account = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    balance: { type: 'number' },
    owner: { type: 'object', properties: { name: { type: 'string' } } },
  },
};
const answers = (response: string, more: object = {}) => ({
  get: {
    security: [],
    'x-poorter': { response, ...more },
    responses: {
      200: { description: 'ok', content: { 'application/json': { schema: account } } },
    },
  },
});
const description = {
  openapi: '3.1.0',
  info: { title: 'Accounts', version: '1' },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } },
  paths: {
    '/report': answers('report'),
    '/redact': answers('redact'),
    '/block': answers('block'),
    '/observed': answers('block', {
      mode: 'observe',
      limit: { requests: 1, per: 'hour', by: 'address' },
    }),
    '/strict': {
      get: {
        ...answers('report').get,
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
      },
    },
    '/observed-input': {
      get: {
        ...answers('report', { mode: 'observe' }).get,
        parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
      },
    },
    '/observed-locked': {
      get: { ...answers('report', { mode: 'observe' }).get, security: [{ key: [] }] },
    },
  },
};

interface Told {
  status: number;
  body: Buffer | string;
  headers: Record<string, string>;
  isChunked: boolean;
}
const json = { 'content-type': 'application/json' };
const plain: Told = { status: 200, body: '{"id":"a"}', headers: json, isChunked: false };
let told: Told = plain;
const service = await startService({ after }, (response) => {
  const { status, body, headers, isChunked } = told;
  response.writeHead(status, {
    ...headers,
    ...(!isChunked && { 'content-length': Buffer.byteLength(body) }),
  });
  response.end(body);
});
const poorter = await startPoorter(
  { after },
  {
    description,
    upstream: service.url,
    threads: 1,
    configuration: { bounds: { answerBytes: 200_000 } },
  },
);

/** What the caller gets when the service gives this answer. */
function ask(path: string, answer: Partial<Told>, headers: Record<string, string> = {}) {
  told = { ...plain, ...answer };
  return call(`${poorter.url}${path}`, { headers });
}

async function findings(path: string): Promise<Record<string, unknown>> {
  const records = await poorter.records();
  return records.findLast((record) => record['path'] === path) as Record<string, unknown>;
}

const SECRET = 'NL91ABNA0417164300';
const leaky = `{ "id" : "a",\t"iban":"${SECRET}", "balance":1.50, "owner":{"pin":"${SECRET}","name":"é\\u00e9"} }`;

test('report releases what is wrong byte for byte, and records where it is', async () => {
  const answer = await ask('/report', { body: leaky });
  assert.equal(answer.text, leaky);
  const record = await findings('/report');
  assert.deepEqual((record['answer'] as { undocumented: string[] }).undocumented.toSorted(), [
    '/iban',
    '/owner/pin',
  ]);
  assert.equal(JSON.stringify(record).includes(SECRET), false);
});

test('redact cuts what no schema documents and leaves every other byte', async () => {
  for (const isChunked of [false, true]) {
    const answer = await ask('/redact', {
      body: leaky,
      isChunked,
      headers: {
        ...json,
        etag: '"original"',
        'content-digest': 'sha-256=:b3JpZ2luYWw=:',
        'accept-ranges': 'bytes',
        'content-md5': 'b3JpZ2luYWw=',
      },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text.includes(SECRET), false);
    assert.deepEqual(JSON.parse(answer.text), { id: 'a', balance: 1.5, owner: { name: 'éé' } });
    assert.match(answer.text, /"balance":1\.50/);
    assert.match(answer.text, /"name":"é\\u00e9"/);
    assert.equal(answer.headers['content-length'], String(answer.bytes.length));
    assert.equal(answer.headers['transfer-encoding'], undefined);
    const digest = createHash('sha256').update(answer.bytes).digest();
    assert.equal(answer.headers['content-digest'], `sha-256=:${digest.toString('base64')}:`);
    assert.equal(answer.headers.etag, `"${digest.toString('base64url')}"`);
    assert.equal(answer.headers['accept-ranges'], undefined);
    assert.equal(answer.headers['content-md5'], undefined);
  }
});

test('redact leaves an answer that is as described alone, ETag included', async () => {
  const body = '{ "id":"a" }';
  const answer = await ask('/redact', { body, headers: { ...json, etag: '"v7"' } });
  assert.equal(answer.text, body);
  assert.equal(answer.headers.etag, '"v7"');
});

test('a caller cannot ask for pieces or an encoding that could not be checked', async () => {
  const headers = { range: 'bytes=0-3', 'if-range': '"x"', 'accept-encoding': 'gzip, br' };
  await ask('/redact', {}, headers);
  const seen = service.last().headers;
  assert.equal(seen.range, undefined);
  assert.equal(seen['if-range'], undefined);
  assert.equal(seen['accept-encoding'], 'identity');
});

test('block withholds the whole answer, and nothing of it is told', async () => {
  for (const body of [leaky, '{"balance":1}', '{"id":7}', `{"id":"a","id":"${SECRET}"}`, SECRET]) {
    const answer = await ask('/block', { body, headers: { ...json, 'x-account': SECRET } });
    assert.equal(answer.status, 502);
    assert.equal(codeOf(answer), 'answer_invalid', body);
    assert.equal((answer.text + answer.rawHeaders.join()).includes(SECRET), false);
  }
  assert.equal((await ask('/block', {})).status, 200);
  assert.equal(JSON.stringify(await findings('/block')).includes(SECRET), false);
});

test('an answer beyond the bound is released by report alone, whole', async () => {
  const long = JSON.stringify({ id: 'a'.repeat(300_000) });
  for (const isChunked of [false, true]) {
    const answer = await ask('/report', { body: long, isChunked });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, long);
    const record = await findings('/report');
    assert.equal((record['answer'] as { unchecked: string }).unchecked, 'over-bound');
    for (const path of ['/redact', '/block']) {
      const withheld = await ask(path, { body: long, isChunked });
      assert.equal(codeOf(withheld), 'answer_invalid', path);
    }
  }
});

test('a long answer within the bound is checked in passing, and cut where that is asked', async () => {
  const body = JSON.stringify({ id: 'a'.repeat(100_000), iban: SECRET });
  assert.equal((await ask('/report', { body, isChunked: true })).text, body);
  const record = await findings('/report');
  assert.deepEqual((record['answer'] as { undocumented: string[] }).undocumented, ['/iban']);
  const cut = await ask('/redact', { body, isChunked: true });
  assert.deepEqual(JSON.parse(cut.text), { id: 'a'.repeat(100_000) });
});

test('an encoded answer cannot be read, so only report lets it go', async () => {
  const answer = { body: gzipSync(leaky), headers: { ...json, 'content-encoding': 'gzip' } };
  const released = await ask('/report', answer);
  assert.equal(released.bytes.equals(answer.body), true);
  assert.equal(released.headers['content-encoding'], 'gzip');
  for (const path of ['/redact', '/block']) {
    assert.equal(codeOf(await ask(path, answer)), 'answer_invalid', path);
  }
});

test('an undocumented status or media type is withheld by redact and block', async () => {
  const stack = `at secret.js ${SECRET}`;
  for (const answer of [
    { status: 500, body: stack, headers: { 'content-type': 'text/plain' } },
    { status: 200, body: stack, headers: { 'content-type': 'text/html' } },
    { status: 200, body: stack, headers: {} },
  ]) {
    const reported = await ask('/report', answer);
    assert.equal(reported.status, answer.status);
    assert.equal(reported.text, stack);
    for (const path of ['/redact', '/block']) {
      const withheld = await ask(path, answer);
      assert.equal(codeOf(withheld), 'answer_invalid', `${path} ${JSON.stringify(answer)}`);
      assert.equal(withheld.text.includes(SECRET), false);
    }
  }
});

test('what cannot be read as JSON cannot be cut, so redact withholds it', async () => {
  for (const body of [
    `{"id":"a","iban":"${SECRET}",}`,
    `{"id":"a","iban":"${SECRET}"`,
    `{"id":"a","id":"b","iban":"${SECRET}"}`,
    `{"id":"a","iban":"${SECRET}\u0001"}`.replace('u0001', '\u0001'),
    Buffer.from(`{"id":"a\xff","iban":"${SECRET}"}`, 'latin1'),
    `{"id":"a","iban":"${SECRET}","owner":${'{"name":'.repeat(99)}1${'}'.repeat(99)}}`,
  ]) {
    const answer = await ask('/redact', { body });
    assert.equal(codeOf(answer), 'answer_invalid', `${body}: ${answer.text}`);
  }
  // Nothing can leak out of nothing: a missing body is reported like a missing member.
  assert.equal((await ask('/redact', { body: '' })).status, 200);
});

test('observe softens limits, validation and release', async () => {
  for (let round = 0; round < 3; round++) {
    const answer = await ask('/observed', { body: leaky });
    assert.equal(answer.text, leaky);
  }
  const limited = await findings('/observed');
  assert.match(JSON.stringify(limited['observed']), /rate_limited/);
  assert.equal((await ask('/strict?page=x', {})).status, 400);
  assert.equal((await ask('/observed-input?page=x', {})).status, 200);
  assert.match(JSON.stringify((await findings('/observed-input'))['observed']), /request_invalid/);
});

test('observe never softens identity or hygiene', async () => {
  assert.equal(codeOf(await ask('/observed-locked', {})), 'credentials_required');
  assert.equal(codeOf(await ask('/observed-input%2F..', {})), 'target_not_acceptable');
  const headers = { content_length: '5' };
  assert.equal(codeOf(await ask('/observed-input', {}, headers)), 'ambiguous_request');
});
