import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  skipPostgres,
  startPostgres,
} from '../packages/server/src/platform/database/postgres.fixture.ts';
import { adminOf } from './world/admin.fixture.ts';
import { call, eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { hasRedis, RedisFixture } from './world/redis.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Away', version: '1' },
  paths: { '/x': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};

/** What `status`, metrics and readiness say of it, while calls go on. */
async function told(poorter: RunningPoorter, code: string, metric: RegExp, isAway: boolean) {
  const what = `${code} is ${isAway ? '' : 'no longer '}told`;
  const line = new RegExp(`^${metric.source} ${isAway ? 1 : 0}$`, 'm');
  await eventually(
    what,
    async () => {
      const { status, body } = await adminOf(poorter)('GET', '/v1/status');
      const codes = (body.attention ?? []).map((one: { code: string }) => one.code);
      if (status !== 200 || codes.includes(code) !== isAway) return false;
      return line.test((await call(`${poorter.controlUrl}/metrics`)).text);
    },
    PATIENCE_MS,
  );
  const ready = await call(`${poorter.controlUrl}/health/ready`);
  assert.equal(ready.status, 200, 'the gate serves');
  assert.equal(JSON.parse(ready.text).attention.includes(code), isAway);
  assert.equal((await call(`${poorter.url}/x`)).status, 200);
}

test('a database that is away is told by status, metrics and readiness, and calls go on', {
  skip: skipPostgres,
}, async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.stop());
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    configuration: {
      storage: postgres.freshPlace().url,
      dataDirectory: './data',
      keyRotation: { warnAfterDays: 30 },
    },
  });
  await told(poorter, 'database_away', /poorter_database_away/, false);
  postgres.kill();
  await told(poorter, 'database_away', /poorter_database_away/, true);
  await told(poorter, 'log_away', /poorter_log_away/, true);
  await postgres.restart();
  await told(poorter, 'database_away', /poorter_database_away/, false);
  await told(poorter, 'log_away', /poorter_log_away/, false);
});

test('shared counters that are away are told of each gateway', {
  skip: !hasRedis && 'redis-server is not installed',
}, async (t) => {
  const redis = await RedisFixture.start();
  t.after(() => redis.remove());
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    configuration: { counters: { url: redis.url } },
  });
  const metric = /poorter_counters_away\{gateway="[^"]+"\}/;
  await told(poorter, 'counters_away', metric, false);
  await redis.end();
  await told(poorter, 'counters_away', metric, true);
  await redis.begin();
  await told(poorter, 'counters_away', metric, false);
});

test('records that cannot be written are told before calls are refused for it', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    configuration: { records: { file: './apart/decisions.jsonl' } },
    files: { 'apart/note': 'made beforehand' },
  });
  const metric = /poorter_records_unwritten\{gateway="[^"]+"\}/;
  await told(poorter, 'records_unwritten', metric, false);
  const folder = join(poorter.folder, 'apart');
  rmSync(folder, { recursive: true });
  await call(`${poorter.url}/x`);
  await told(poorter, 'records_unwritten', metric, true);
  mkdirSync(folder);
  await told(poorter, 'records_unwritten', metric, false);
});
