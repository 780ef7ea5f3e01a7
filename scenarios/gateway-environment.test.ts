import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

test('the process that faces callers does not hold the secrets of the environment', async (t) => {
  const service = await startService(t);
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  const poorter = await startPoorter(t, {
    description: things,
    upstream: service.url,
    configuration: { masterKey: 'env:GATE_MASTER_KEY' },
    env: { GATE_MASTER_KEY: masterKey, GATE_DATABASE_PASSWORD: 'hidden' },
  });
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  const { control, gateway } = poorter.children();
  const environmentOf = (pid: number) => readFileSync(`/proc/${pid}/environ`, 'utf8');
  assert.match(environmentOf(control), /GATE_MASTER_KEY=/, 'control opens it');
  assert.doesNotMatch(environmentOf(gateway), /GATE_|hidden/);
  assert.ok(!environmentOf(gateway).includes(masterKey));
});
