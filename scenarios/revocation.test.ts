import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { PATIENCE_MS } from './world/patience.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';

const description = {
  openapi: '3.1.0',
  info: { title: 'Revocation', version: '1' },
  paths: {
    '/things': {
      get: {
        security: [{ key: [] }],
        responses: { 200: { description: 'ok', content: { 'application/json': {} } } },
      },
    },
  },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } },
};

test('once the version that revokes a key is in force, not one of 10,000 calls on 50 open connections passes', async (t) => {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    description,
    upstream: upstream.url,
    configuration: { limits: { failures: 'off' } },
  });
  const key = await poorter.createKey('leaked');
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  t.after(() => agent.destroy());
  const call = () =>
    new Promise<number>((resolve, reject) => {
      const request = get(
        `${poorter.url}/things`,
        { agent, headers: { 'x-api-key': key } },
        (answer) => {
          answer.resume();
          answer.once('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      request.once('error', reject);
    });
  const before = await Promise.all(Array.from({ length: 100 }, call));
  assert.deepEqual(new Set(before), new Set([200]));

  const file = join(poorter.folder, 'poorter.yaml');
  const configuration = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const keys = parse(readFileSync(join(poorter.folder, 'keys.yaml'), 'utf8')) as {
    keys: { id: string }[];
  };
  poorter.write('poorter.yaml', { ...configuration, trust: { revoked: [keys.keys[0]?.id] } });
  const inForce = poorter.notices('version_in_force').length;
  const deadline = Date.now() + PATIENCE_MS;
  while (poorter.notices('version_in_force').length === inForce) {
    assert.ok(Date.now() < deadline, poorter.output());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const reached = upstream.requests();
  const after = await Promise.all(Array.from({ length: 10_000 }, call));
  assert.deepEqual(new Set(after), new Set([401]));
  assert.equal(upstream.requests(), reached);
});
