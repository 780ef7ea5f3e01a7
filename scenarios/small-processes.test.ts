import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call } from './world/calls.fixture.ts';
import { loadedModules } from './world/loaded-modules.fixture.ts';
import { startPoorter } from './world/poorter.fixture.ts';
import { startService } from './world/service.fixture.ts';
import { things } from './world/things.fixture.ts';

/** A package, or the index of one of ours, by the end of its address. */
const packageOf = (url: string) =>
  /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ??
  (/\/packages\/([^/]+)\/src\/index\.ts$/.exec(url)?.[1] as string | undefined);

test('what lives as long as the gate holds no library that only its start, or others, have use for', async (t) => {
  const service = await startService(t);
  const folder = mkdtempSync(join(tmpdir(), 'poorter-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const modules = loadedModules(folder);
  const poorter = await startPoorter(t, {
    ...{ description: things, upstream: service.url, env: modules.env, fromSource: true },
  });
  assert.equal((await call(`${poorter.url}/things`)).status, 200);
  const loaded = (module: string) => {
    const found = modules.by(module);
    assert.ok(found.length > 5, `${module} loaded ${found.length} modules`);
    return new Set(found.map(packageOf).filter((name) => name !== undefined));
  };
  // As a module, it brings HTTP/2 and a client of WebSockets into every thread.
  for (const module of ['control-process', 'gateway-process', 'gateway-thread']) {
    assert.ok(!modules.by(module).includes('node:http'), module);
  }
  // Addresses of networks are compared by ipaddr.js.
  assert.deepEqual(loaded('main'), new Set(['ipaddr.js']));
  assert.deepEqual(loaded('gateway-process'), new Set(['ipaddr.js']));
  // What is compiled elsewhere is only opened here: nothing reads a description, or a configuration.
  const readers = ['yaml', 'zod', '@eslint-community/regexpp', 'openapi', 'middleware'];
  const withoutUse = ['undici', 'iovalkey', 'kysely', 'pg', 'ws', ...readers];
  const inGateway = loaded('gateway-thread');
  assert.deepEqual(
    withoutUse.filter((name) => inGateway.has(name)),
    [],
  );
  // It has a thread that reads, and that ends.
  const inControl = loaded('control-process');
  assert.deepEqual(
    ['yaml', 'openapi', 'middleware', 'undici', 'ws', 'pg'].filter((name) => inControl.has(name)),
    [],
  );
  const inRecorder = loaded('recorder-thread');
  assert.deepEqual(
    ['engine', 'yaml', 'undici', 'jose', 'ws', 'pg'].filter((name) => inRecorder.has(name)),
    [],
  );
});
