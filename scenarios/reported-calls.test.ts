import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminOf } from './world/admin.fixture.ts';
import { call } from './world/calls.fixture.ts';
import { poorterHere } from './world/commands.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';

/** What the guide on answers promises: whoever looks at the log sees which answers differed. */

const SECRET = 'NL91ABNA0417164300';
const schema = { type: 'object', properties: { title: { type: 'string' } } };
const operation = (operationId: string, more: object = {}) => ({
  get: {
    ...{ operationId, security: [], 'x-poorter': more },
    parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
    responses: { 200: { description: 'ok', content: { 'application/json': { schema } } } },
  },
});
const service = await startService({ after }, (response, { target }) => {
  const body = target.startsWith('/sound') ? { title: 'a' } : { title: 'a', iban: SECRET };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
});
const poorter = await startPoorter(
  { after },
  {
    description: {
      openapi: '3.1.0',
      info: { title: 'Books', version: '1' },
      paths: {
        '/books': operation('listBooks'),
        '/cut': operation('cutBooks', { response: 'redact' }),
        '/block': operation('blockBooks', { response: 'block' }),
        '/sound': operation('soundBooks'),
        '/sound-observed': operation('observeBooks', { mode: 'observe' }),
      },
    },
    upstream: service.url,
    threads: 1,
    configuration: { records: { file: undefined } },
  },
);
const config = join(poorter.folder, 'poorter.yaml');

const log = (...argv: string[]) => poorterHere(['log', ...argv, '--config', config]);

const REPORTS = [
  ['/books?page=1', 'listBooks', 'reported: answer: 1 violation, /iban undocumented'],
  ['/cut', 'cutBooks', 'reported: answer changed: 1 cut member, /iban undocumented'],
  ['/block', 'blockBooks', 'reported: answer: 1 violation, /iban undocumented, withheld'],
  [
    `/sound-observed?page=${SECRET}`,
    'observeBooks',
    'reported: request: 1 violation, query page type let pass',
  ],
] as const;
for (const target of ['/sound', ...REPORTS.map(([target]) => target), '/sound']) {
  await call(`${poorter.url}${target}`);
}
for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(200)) {
  const { out } = await log('search', '--type', 'call', '--json');
  if (out.split('\n').length > REPORTS.length + 2) break;
  assert.ok(Date.now() < deadline, out);
}

test('a call whose answer differed does not look like any other in the log', async () => {
  for (const argv of [['tail'], ['search'], ['search', '--names']]) {
    const { out } = await log(...argv);
    for (const [, id, report] of REPORTS) {
      const line = out.split('\n').find((one) => one.includes(` ${id} `));
      assert.ok(line?.includes(report), `${argv} ${line}`);
    }
    const sound = out.split('\n').filter((one) => one.includes('soundBooks'));
    assert.equal(sound.length, 2);
    assert.ok(sound.every((one) => !one.includes('reported')));
    assert.ok(!out.includes(SECRET), out);
  }
  const { out } = await log('search', '--operation', 'listBooks', '--json');
  const { index, reported } = JSON.parse(out);
  assert.equal(reported, REPORTS[0][2]);
  const shown = await log('show', String(index));
  assert.equal(JSON.parse(shown.out).reported, REPORTS[0][2]);
});

test('what was reported is found, and nothing else', async () => {
  const idsOf = (out: string) =>
    REPORTS.map(([, id]) => id).filter((id) => out.includes(` ${id} `));
  const { out, status } = await log('search', '--reported');
  assert.equal(status, 0);
  assert.equal(out.trim().split('\n').length, REPORTS.length, out);
  assert.deepEqual(
    idsOf(out),
    REPORTS.map(([, id]) => id),
  );
  const one = await log('search', '--reported', '--limit', '1');
  assert.equal(one.out.trim().split('\n').length, 1);
  assert.match(one.err, /there may be more: --before \d+/);
  const failed = await log('search', '--reported', '--decision', 'failed');
  assert.deepEqual(idsOf(failed.out), ['blockBooks']);
  const none = await log('search', '--reported', '--operation', 'soundBooks');
  assert.deepEqual([none.status, none.out, none.err], [0, '', '']);
  const impossible = await log('search', '--reported', '--type', 'intent');
  assert.deepEqual([impossible.status, impossible.out], [2, '']);
  assert.match(impossible.err, /--reported finds calls/);
});

test('operators find what was reported over the admin API, page by page', async () => {
  const admin = adminOf(poorter);
  const found: { leaf: { operation: string }; reported?: string }[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await admin('GET', `/v1/log/records?reported=true&limit=3${cursor}`);
    assert.equal(status, 200, JSON.stringify(body));
    found.push(...body.items);
    if (body.next === null) break;
    cursor = `&cursor=${body.next}`;
  }
  const told = found.map(({ leaf, reported }) => [leaf.operation, reported]);
  assert.deepEqual(told, REPORTS.map(([, id, report]) => [id, report]).toReversed());
  for (const value of ['false', 'yes', '1', '']) {
    assert.equal((await admin('GET', `/v1/log/records?reported=${value}`)).status, 400, value);
  }
});

test('a limit of nothing is an error, and does not print the whole log', async () => {
  for (const verb of ['search', 'open']) {
    for (const limit of ['0', '-1', '1.5', '', '100001', 'ten']) {
      const { status, out, err } = await log(verb, `--limit=${limit}`);
      assert.deepEqual([status, out], [2, ''], `${verb} ${limit}`);
      assert.match(err, /--limit is a whole number from 1 to 1/);
    }
  }
});
