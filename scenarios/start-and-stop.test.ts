import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { runPoorter, startPoorter } from './world/poorter.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Start', version: '1' },
  paths: {
    '/things': {
      get: {
        security: [],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
  },
};

test('a call passes, leaves one record, and SIGTERM ends with status 0', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const answer = await fetch(`${poorter.url}/things`);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), '{}');
  const records = await poorter.awaitRecords(1);
  assert.equal(records.length, 1);
  assert.equal(records[0]?.['decision'], 'forwarded');
  assert.equal(await poorter.stop(), 0);
});

test('a second start on the same data directory exits non-zero and says who holds it', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, { description, upstream: upstream.url });
  const second = await runPoorter(['serve', '--config', `${poorter.folder}/poorter.yaml`]);
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`in use by process ${poorter.process.pid}`));
});
