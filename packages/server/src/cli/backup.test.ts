import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseArgs } from 'node:util';
import { openState } from '../control/stores/index.ts';
import { openMasterKey } from '../platform/secrets/index.ts';
import { commands } from './commands.ts';
import { runCommand } from './definition/run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-backup-command-'));
after(() => rmSync(folder, { recursive: true }));
const environment = { OLD: randomBytes(32).toString('hex'), NEXT: randomBytes(32).toString('hex') };
const data = join(folder, 'data');

async function run(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const world = {
    stdin: (async function* () {})(),
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    environment,
    now: Date.now,
    random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
  };
  const status = await runCommand(line, world, commands);
  return { status, out: out.join(''), err: err.join('') };
}

async function open(dataDirectory: string, masterKey: string) {
  const provider = openMasterKey(masterKey, {
    ...{ dataDirectory, baseDirectory: dataDirectory, environment, notify: () => {} },
  });
  return openState({
    ...{ dataDirectory, masterKey: provider },
    place: { kind: 'sqlite', file: join(dataDirectory, 'state.sqlite') },
    world: { now: Date.now, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
  });
}

test('a directory is backed up, lost and restored; the erased stay erased; the master key is rotated', async () => {
  mkdirSync(data);
  const state = await open(data, 'env:OLD');
  const griet = { kind: 'subject', value: 'griet' };
  const kept = await state.subjectKeys.keyOf({ kind: 'subject', value: 'kept' });
  const { id } = await state.subjectKeys.keyOf(griet);
  writeFileSync(join(data, 'node-name'), 'shop.1a2b3c\n');
  writeFileSync(join(data, 'log-public-key'), 'shop.1a2b3c+key\n');
  const file = join(folder, 'backup');
  const place = ['--data', data, '--master-key', 'env:OLD'];
  const made = await run('backup', '--out', file, ...place, '--json');
  assert.equal(made.status, 0, made.err);
  assert.equal(JSON.parse(made.out).masterKey, 'env:OLD');
  assert.equal((await run('backup', '--out', file, ...place)).status, 1, 'never over a file');
  const forgotten = await run('backup', '--out', `${file}2`, '--data', data);
  assert.equal(forgotten.status, 1, 'a key beside the data is not made for a database of another');
  assert.deepEqual(readdirSync(folder).toSorted(), ['backup', 'data']);
  assert.ok(!readdirSync(data).includes('master.key'));
  await state.subjectKeys.destroy(griet);
  await state.close();

  renameSync(data, `${data}-lost`);
  const tombstones = ['--tombstones', join(`${data}-lost`, 'tombstones.jsonl')];
  const wrong = await run('restore', file, '--data', data, '--master-key', 'env:NEXT');
  assert.equal(wrong.status, 1);
  const restored = await run('restore', file, ...place, ...tombstones, '--json');
  assert.equal(restored.status, 0, restored.err);
  assert.equal(JSON.parse(restored.out).erased, 1);
  assert.doesNotMatch(JSON.parse(restored.out).asAtBackup.join(), /narrowed or shortened/);
  const elsewhere = ['--data', join(folder, 'elsewhere'), '--master-key', 'env:OLD'];
  const untold = await run('restore', file, ...elsewhere);
  assert.match(untold.err, /rotated, narrowed or shortened since are as they were/);
  const advised = /poorter (log search --data DIR --from \S+ --operation changeKey) /.exec(
    untold.err,
  );
  assert.ok(advised, `a command that runs as it stands: ${untold.err}`);
  const { operation, from } = parseArgs({
    args: (advised[1] as string).split(' ').slice(2),
    options: { data: { type: 'string' }, from: { type: 'string' }, operation: { type: 'string' } },
  }).values;
  assert.equal(operation, 'changeKey');
  assert.ok(Date.parse(from ?? '') <= Date.now());
  assert.equal(readFileSync(join(data, 'node-name'), 'utf8'), 'shop.1a2b3c\n');
  assert.equal(readFileSync(join(data, 'log-public-key'), 'utf8'), 'shop.1a2b3c+key\n');
  assert.equal((await run('restore', file, ...place)).status, 1, 'never over a directory');

  const rotated = await run('master-key', 'rotate', '--to', 'env:NEXT', ...place);
  assert.equal(rotated.status, 0, rotated.err);
  await assert.rejects(open(data, 'env:OLD'), { name: 'WrongMasterKeyError' });
  const again = await open(data, 'env:NEXT');
  assert.equal(await again.subjectKeys.byId(id), undefined);
  assert.ok(await again.subjectKeys.byId(kept.id));
  await again.close();
});

test('wrong use is told from failure, and a wrong directory is not made into a right one', async () => {
  const empty = join(folder, 'empty');
  const out = join(folder, 'none');
  assert.equal((await run('backup')).status, 2);
  assert.equal((await run('backup', '--out', out, 'x')).status, 2);
  assert.equal((await run('restore')).status, 2);
  assert.equal((await run('master-key')).status, 2);
  assert.equal((await run('master-key', 'rotate', '--data', empty)).status, 2);
  const absent = await run('backup', '--out', out, '--data', empty);
  assert.equal(absent.status, 1);
  assert.match(absent.err, /there is no state in/);
  for (const storage of ['env:NOT_SET', 'postgres://x?schema=A B']) {
    const { status, err } = await run('backup', '--out', out, '--storage', storage);
    assert.equal(status, 2, err);
    assert.match(err, /--storage: /, 'as it was typed, not as a file would have it');
  }
  writeFileSync(out, 'no backup');
  const hostile = await run('restore', out, '--data', empty);
  assert.equal(hostile.status, 1);
  assert.match(hostile.err, /is no backup of Poorter/);
  for (const command of ['backup', 'restore', 'master-key']) {
    assert.equal((await run(command, '--help')).status, 0);
  }
});
