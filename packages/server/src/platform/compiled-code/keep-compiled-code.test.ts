import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ownFolder } from './keep-compiled-code.ts';

const parent = mkdtempSync(join(tmpdir(), 'poorter-compiled-'));
after(() => rmSync(parent, { recursive: true }));
const user = process.getuid?.() as number;
let made = 0;
const fresh = () => {
  const folder = join(parent, String(++made));
  mkdirSync(folder);
  return folder;
};

test('compiled code is kept where nobody else can write, and found there again', () => {
  const folder = ownFolder(user, join(fresh(), 'deeper')) as string;
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(ownFolder(user, join(folder, '..')), folder);
});

test('a folder that others can write to, a link, and the folder of another are not used', () => {
  const open = fresh();
  chmodSync(ownFolder(user, open) as string, 0o777);
  assert.equal(ownFolder(user, open), null);

  const linked = fresh();
  symlinkSync(fresh(), join(linked, `poorter-compiled-${user}`));
  assert.equal(ownFolder(user, linked), null);

  const foreign = fresh();
  mkdirSync(join(foreign, `poorter-compiled-${user + 1}`), { mode: 0o700 });
  assert.equal(ownFolder(user + 1, foreign), null);
  assert.equal(ownFolder(undefined, fresh()), null);
});

test('where nothing can be written, the program runs all the same', () => {
  assert.equal(ownFolder(user, '/dev/null/nowhere'), null);
  const main = join(import.meta.dirname, '../../main.ts');
  const env = { ...process.env, NODE_COMPILE_CACHE: '/dev/null/nowhere' };
  const { status, stdout } = spawnSync(process.execPath, ['--conditions=source', main, 'version'], {
    env,
    encoding: 'utf8',
  });
  assert.deepEqual([status, /^\d+\.\d+\.\d+\n$/.test(stdout)], [0, true]);
});
