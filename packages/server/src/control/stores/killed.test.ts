import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { restoreBackup, writeBackup } from '../../state/backup/index.ts';
import { stateMigrations } from '../../state/index.ts';
import { openState, type State } from './index.ts';
import { repeatSinceBackup } from './repeat-since-backup.ts';
import {
  freshDirectory,
  type Lifetime,
  masterKeyIn,
  namedMasterKey,
  stateWorld,
} from './stores.fixture.ts';

/** `npm test` builds it beside the server: a hundred processes of it start in a third of the time. */
const { POORTER_BUILT } = process.env;
const worker =
  POORTER_BUILT === undefined
    ? join(import.meta.dirname, 'killed.worker.fixture.ts')
    : join(dirname(POORTER_BUILT), 'control/stores/killed.worker.fixture.js');
const compiled = mkdtempSync(join(tmpdir(), 'poorter-killed-'));
after(() => rmSync(compiled, { recursive: true }));
const STEPS_MAX = 400;
const AT_ONCE = 3;

/** True: it came to its end. */
async function runKilled(operation: string, directory: string, step: number, argument = '') {
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=source', '--disable-warning=ExperimentalWarning', worker],
      ...[operation, directory, String(step), argument],
    ],
    {
      ...{ stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000, killSignal: 'SIGTERM' },
      // A hundred processes with the same code: the first compiles it for all.
      env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    },
  );
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (said.startsWith('done ')) return true;
  assert.equal(signal, 'SIGKILL', `step ${step}: ended with ${code} ${signal}: ${said}`);
  return false;
}

/** Kills the operation before its first, second, third … step, until one run comes to its end. */
async function sweep(stride: number, attempt: (step: number) => Promise<boolean>): Promise<number> {
  for (let step = 1; step < STEPS_MAX; step += stride * AT_ONCE) {
    const steps = Array.from({ length: AT_ONCE }, (_, index) => step + index * stride);
    const ended = await Promise.all(steps.map(attempt));
    if (ended.includes(true)) return step;
  }
  throw new Error(`no end within ${STEPS_MAX} steps`);
}

function open(directory: string, masterKey = masterKeyIn(directory)): Promise<State> {
  const place = { kind: 'sqlite' as const, file: join(directory, 'state.sqlite') };
  return openState({ place, dataDirectory: directory, masterKey, world: stateWorld });
}

async function prepared(t: Lifetime) {
  const root = freshDirectory(t);
  const template = join(root, 'template');
  mkdirSync(template);
  const state = await open(template);
  const griet = await state.subjectKeys.keyOf({ kind: 'subject', value: 'griet' });
  const kept = await state.subjectKeys.keyOf({ kind: 'subject', value: 'kept' });
  const terms = { name: 'Shop', owner: null, scopes: [], roles: [], limits: null, networks: [] };
  const { record } = await state.keys.create({ ...terms, expiresAt: null });
  const copy = (name: string | number) => {
    const directory = join(root, String(name));
    cpSync(template, directory, { recursive: true });
    return directory;
  };
  return { root, state, griet, kept, record, copy };
}

function hasTombstone(directory: string, id: string): boolean {
  const file = join(directory, 'tombstones.jsonl');
  return existsSync(file) && readFileSync(file, 'utf8').includes(`"${id}"`);
}

test('killed at any step of the first start, the next start works', async (t) => {
  const root = freshDirectory(t);
  const last = await sweep(2, async (step) => {
    const directory = join(root, String(step));
    mkdirSync(directory);
    const hasEnded = await runKilled('first start', directory, step);
    const state = await open(directory);
    await state.subjectKeys.keyOf({ kind: 'subject', value: 'griet' });
    await state.close();
    return hasEnded;
  });
  assert.ok(last > 10, `${last} steps`);
});

test('killed at any step of an erasure, the person is wholly there, or gone after the next start', async (t) => {
  const { state, griet, kept, copy } = await prepared(t);
  await state.close();
  const seen = { erased: 0, there: 0 };
  await sweep(1, async (step) => {
    const directory = copy(step);
    const hasEnded = await runKilled('erase', directory, step, 'griet');
    const mustBeGone = hasEnded || hasTombstone(directory, griet.id);
    const again = await open(directory);
    const found = await again.subjectKeys.byId(griet.id);
    assert.equal(found === undefined, mustBeGone, `step ${step}`);
    assert.equal((await again.subjectKeys.byId(kept.id))?.id, kept.id);
    seen[mustBeGone ? 'erased' : 'there'] += 1;
    await again.close();
    return hasEnded;
  });
  assert.ok(seen.erased > 2 && seen.there > 2, JSON.stringify(seen));
});

test('killed at any step of a revocation, the key is valid, or revoked after the next start', async (t) => {
  const { state, record, copy } = await prepared(t);
  await state.close();
  const seen = { revoked: 0, valid: 0 };
  await sweep(1, async (step) => {
    const directory = copy(step);
    const hasEnded = await runKilled('revoke', directory, step, record.id);
    const mustBeRevoked = hasEnded || hasTombstone(directory, record.id);
    const again = await open(directory);
    const found = await again.keys.show(record.id);
    assert.equal(found?.revokedAt !== null, mustBeRevoked, `step ${step}`);
    const { changes } = await again.changes.changesSince(1);
    assert.equal(changes.length, mustBeRevoked ? 1 : 0, 'gateways hear of it exactly then');
    seen[mustBeRevoked ? 'revoked' : 'valid'] += 1;
    await again.close();
    return hasEnded;
  });
  assert.ok(seen.revoked > 1 && seen.valid > 2, JSON.stringify(seen));
});

test('killed at any step of a rotation, exactly one of the two master keys opens the database', async (t) => {
  const { state, griet, copy } = await prepared(t);
  await state.close();
  const next = randomBytes(32).toString('hex');
  const seen = { old: 0, next: 0 };
  await sweep(1, async (step) => {
    const directory = copy(step);
    const hasEnded = await runKilled('rotate', directory, step, next);
    const opened = await Promise.allSettled([
      open(directory),
      open(directory, namedMasterKey(next)),
    ]);
    const [old, fresh] = opened;
    assert.notEqual(old.status, fresh.status, `step ${step}`);
    if (hasEnded) assert.equal(fresh.status, 'fulfilled');
    for (const one of opened) {
      if (one.status === 'rejected') continue;
      assert.equal((await one.value.subjectKeys.byId(griet.id))?.id, griet.id);
      await one.value.close();
    }
    seen[old.status === 'fulfilled' ? 'old' : 'next'] += 1;
    return hasEnded;
  });
  assert.ok(seen.old > 1 && seen.next > 1, JSON.stringify(seen));
});

test('killed at any step of a restore, the target is as it was or whole, and a second restore works', async (t) => {
  const { root, state, griet, kept } = await prepared(t);
  const file = join(root, 'backup');
  const masterKey = masterKeyIn(join(root, 'template'));
  const databases = [{ name: 'state', database: state.database.as<unknown>() }];
  await writeBackup({ databases, files: [], masterKey, program: 'x', now: Date.now }, file);
  await state.subjectKeys.destroy({ kind: 'subject', value: 'griet' });
  await state.close();
  const seen = { before: 0, whole: 0 };
  await sweep(4, async (step) => {
    const directory = join(root, `target ${step}`);
    mkdirSync(directory);
    for (const name of ['master.key', 'tombstones.jsonl']) {
      const bytes = readFileSync(join(root, 'template', name));
      writeFileSync(join(directory, name), bytes, { mode: 0o600 });
    }
    const hasEnded = await runKilled('restore', directory, step, file);
    const isWhole = existsSync(join(directory, 'state.sqlite'));
    if (hasEnded) assert.ok(isWhole);
    if (!isWhole) {
      const place = { kind: 'sqlite' as const, file: join(directory, 'state.sqlite') };
      await restoreBackup({
        repeat: repeatSinceBackup,
        ...{ file, masterKey: masterKeyIn(directory), dataDirectory: directory, tombstones: [] },
        databases: [{ name: 'state', place, migrations: [stateMigrations()] }],
        world: stateWorld,
      }).catch((error) => assert.fail(`step ${step}: ${error.stack}`));
    }
    seen[isWhole ? 'whole' : 'before'] += 1;
    const again = await open(directory);
    assert.equal(await again.subjectKeys.byId(griet.id), undefined, 'erased stays erased');
    assert.equal((await again.subjectKeys.byId(kept.id))?.id, kept.id);
    await again.close();
    const left = readdirSync(root).filter((name) => name.startsWith(`target ${step}.`));
    if (!isWhole || hasEnded) assert.deepEqual(left, []);
    return hasEnded;
  });
  assert.ok(seen.before > 5 && seen.whole > 0, JSON.stringify(seen));
});
