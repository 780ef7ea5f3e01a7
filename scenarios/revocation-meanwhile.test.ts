import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readGithubDescription } from '../packages/openapi/fixtures/github-description/github-description.fixture.ts';
import { openState } from '../packages/server/src/control/stores/index.ts';
import {
  freshDirectory,
  masterKeyIn,
} from '../packages/server/src/control/stores/stores.fixture.ts';
import { realWorld } from '../packages/server/src/platform/world/index.ts';
import { checkpointSigner, signingKey } from '../packages/server/src/security-log/index.ts';
import { drain, lineOf, NODE, openWorld } from '../packages/server/src/security-log/log.fixture.ts';
import { type AdminCall, adminOf } from './world/admin.fixture.ts';
import { eventually } from './world/calls.fixture.ts';
import { startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';

/**
 * Somebody revokes keys while control reads the description of GitHub (12 MB, over a thousand operations)
 * again, or while the log is searched. On an idle machine:
 * POORTER_REVOKED_WITHIN_MS=250 POORTER_LOG_RECORDS=1000000 node --test scenarios/revocation-meanwhile.test.ts
 */
const RECORDS = Number(process.env['POORTER_LOG_RECORDS'] ?? 50_000);
/** Only an idle machine can be held to it. */
const WITHIN_MS = Number(process.env['POORTER_REVOKED_WITHIN_MS'] ?? Number.POSITIVE_INFINITY);
/** Where ten others want the processor. */
const COMPILED_MAX_MS = 300_000;
const RECORDS_AT_ONCE = 50_000;
const KEYS = 12;
const SEARCHES = 12;

test('a key is revoked while 1,223 operations are compiled and compared, and not after that', async (t) => {
  const { poorter, admin } = await start(t, small);
  const github = JSON.parse(readGithubDescription()) as { paths: Record<string, object> };
  // Everything is new; then everything is held against what was in force.
  for (const path of ['/read', '/read-again']) {
    const keys = await keysOf(admin);
    // Signal and file may each bring a reload: only what is served says which of them it was.
    const isInForce = async () => (await fetch(`${poorter.url}${path}`)).status === 200;
    github.paths[path] = small.paths['/things'];
    writeFileSync(join(poorter.folder, 'api.yaml'), JSON.stringify(github));
    poorter.process.kill('SIGHUP');
    const tookMs = await revokeWhile(admin, keys, async () => !(await isInForce()));
    await eventually('the description is in force', isInForce, COMPILED_MAX_MS);
    tell(t, 'during a reload', tookMs);
    t.diagnostic(`longest delay of control's main loop: ${await loopDelayMs(poorter)} ms`);
    // Each of them waits for every thread of the gateway: held up by a compile, none is done before it.
    assert.ok(tookMs.length >= 3, `${tookMs.length} keys were revoked during the reload`);
  }
});

test('a key is revoked while the log is searched', async (t) => {
  const dataDirectory = await logOf(t, RECORDS);
  const { poorter, admin } = await start(t, small, { storage: dataDirectory, log: { node: NODE } });
  const keys = await keysOf(admin);
  let isSearching = true;
  // One after the other, in one thread.
  const searching = Promise.all(Array.from({ length: SEARCHES }, () => searchAll(admin)));
  void searching.finally(() => {
    isSearching = false;
  });
  const tookMs = await revokeWhile(admin, keys, () => isSearching);
  const pages = (await searching).reduce((sum, one) => sum + one, 0);
  tell(t, `during searches over ${RECORDS} records (${pages} pages)`, tookMs);
  t.diagnostic(`longest delay of control's main loop: ${await loopDelayMs(poorter)} ms`);
  assert.ok(tookMs.length >= 3, `${tookMs.length} keys were revoked during the search`);
});

const small = {
  openapi: '3.1.0',
  info: { title: 'Small', version: '1' },
  paths: { '/things': { get: { security: [], responses: { 200: { description: 'ok' } } } } },
};

async function start(t: TestContext, description: object, configuration: object = {}) {
  const upstream = await startRawUpstream(t);
  const poorter = await startPoorter(t, {
    ...{ description, upstream: upstream.url },
    configuration: { limits: { failures: 'off' }, ...configuration },
  });
  const { storage } = configuration as { storage?: string };
  const admin = adminOf(poorter, storage === undefined ? undefined : credentialIn(storage));
  return { poorter, admin };
}

function credentialIn(dataDirectory: string): string {
  const text = readFileSync(join(dataDirectory, 'operator-credential.json'), 'utf8');
  return (JSON.parse(text) as { key: string }).key;
}

async function keysOf(admin: AdminCall): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < KEYS; at++) {
    const made = await admin('POST', '/v1/keys', { name: `Shop ${at}` });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    ids.push(made.body.record.id as string);
  }
  return ids;
}

/** How long each revocation took that was answered meanwhile. */
async function revokeWhile(
  admin: AdminCall,
  keys: readonly string[],
  isGoingOn: () => boolean | Promise<boolean>,
): Promise<number[]> {
  const tookMs: number[] = [];
  for (const key of keys) {
    const from = performance.now();
    const revoked = await admin('POST', `/v1/keys/${key}/revoke`, { reason: 'test' });
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    const took = performance.now() - from;
    if (!(await isGoingOn())) break;
    tookMs.push(took);
  }
  return tookMs;
}

/** For what nobody was told of, so that everything is looked through. Returns of how many pages. */
async function searchAll(admin: AdminCall): Promise<number> {
  let pages = 0;
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const found = await admin('GET', `/v1/log/records?reported=true${more}`);
    assert.equal(found.status, 200, JSON.stringify(found.body));
    pages += 1;
    cursor = found.body.next as string | null;
  } while (cursor !== null);
  return pages;
}

function tell(t: TestContext, what: string, tookMs: readonly number[]): void {
  const longest = Math.max(...tookMs);
  t.diagnostic(`${tookMs.length} revocations ${what}, the longest ${Math.round(longest)} ms`);
  assert.ok(longest <= WITHIN_MS, `${longest} ms`);
}

async function loopDelayMs({ controlUrl }: RunningPoorter): Promise<number> {
  const metrics = await (await fetch(`${controlUrl}/metrics`)).text();
  return Number(/^poorter_control_loop_delay_max_seconds (\S+)$/m.exec(metrics)?.[1]) * 1_000;
}

/** A data directory of a server that has logged so many calls. */
async function logOf(t: TestContext, records: number): Promise<string> {
  const dataDirectory = freshDirectory(t);
  writeFileSync(join(dataDirectory, 'configuration-in-force.json'), '{"nothingYet":true}');
  const placeOf = (name: string) => ({ kind: 'sqlite' as const, file: join(dataDirectory, name) });
  const state = await openState({
    ...{ place: placeOf('state.sqlite'), dataDirectory, masterKey: masterKeyIn(dataDirectory) },
    world: realWorld,
  });
  const world = await openWorld(placeOf('log.sqlite'), NODE);
  const seed = state.ring.derive(`security log signing key of ${NODE}`);
  const signer = checkpointSigner(NODE, signingKey(seed));
  const recorder = await world.recorder({ subjectKeys: state.subjectKeys, signer });
  for (let at = 0; at < records; ) {
    const writer = world.writer();
    for (const end = Math.min(records, at + RECORDS_AT_ONCE); at < end; at++) {
      writer.admit();
      writer.append(lineOf(at));
    }
    await writer.close();
    await drain(recorder);
  }
  await world.close();
  await state.close();
  return dataDirectory;
}
