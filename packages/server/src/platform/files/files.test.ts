import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lockDirectory, prepareDataDirectory } from '../data-directory/index.ts';
import {
  readTextIfThere,
  replaceDurably,
  requireOwnDirectory,
  requireOwnFile,
  UntrustedPathError,
  writeDurably,
} from './index.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'poorter-files-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const refusal = (why: RegExp) => (error: unknown) =>
  error instanceof UntrustedPathError && why.test(error.message);

test('a data directory that others may write is refused, with the remedy', (t) => {
  const data = join(folder(t), 'data');
  prepareDataDirectory(data);
  for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
    chmodSync(data, mode);
    assert.throws(() => prepareDataDirectory(data), refusal(/may be written by others.*chmod/));
  }
  for (const mode of [0o700, 0o750, 0o755]) {
    chmodSync(data, mode);
    prepareDataDirectory(data);
  }
});

test('a file in it that others may write is refused, in its folders too', (t) => {
  const data = folder(t);
  mkdirSync(join(data, 'spool'));
  for (const file of ['state.sqlite', 'spool/0001']) {
    const path = join(data, file);
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    assert.throws(() => requireOwnDirectory(data), refusal(new RegExp(file)));
    chmodSync(path, 0o600);
  }
  requireOwnDirectory(data);
});

test('a data directory may be a link: what it leads to is held to the same, and a link in it is refused', (t) => {
  const real = folder(t);
  const data = join(folder(t), 'data');
  symlinkSync(real, data);
  prepareDataDirectory(data);
  symlinkSync('/etc/hostname', join(real, 'keys.yaml'));
  assert.throws(() => prepareDataDirectory(data), refusal(/keys\.yaml is a link/));
  rmSync(join(real, 'keys.yaml'));
  chmodSync(real, 0o777);
  assert.throws(() => prepareDataDirectory(data), refusal(/may be written by others/));
});

test('a link planted under a name of ours is refused, and what it points at is left alone', (t) => {
  const data = folder(t);
  const victim = join(folder(t), 'victim');
  writeFileSync(victim, 'precious');
  for (const name of ['quotas.bin', 'operator-credential.json', 'poorter.lock', 'master.key']) {
    symlinkSync(victim, join(data, name));
    assert.throws(() => prepareDataDirectory(data), refusal(/is a link/));
    assert.throws(() => requireOwnFile(join(data, name)), refusal(/is a link/));
    rmSync(join(data, name));
  }
  // Planted after the look: opening it fails.
  symlinkSync(victim, join(data, 'poorter.lock'));
  assert.throws(() => lockDirectory(data, 'poorter'), /ELOOP/);
  // Replacing it replaces the link.
  symlinkSync(victim, join(data, 'quotas.bin'));
  writeDurably(join(data, 'quotas.bin'), 'ours');
  assert.equal(readFileSync(join(data, 'quotas.bin'), 'utf8'), 'ours');
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
});

test('a directory that hangs below one that everyone may write is refused', (t) => {
  const open = join(folder(t), 'open');
  const data = join(open, 'deep', 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  chmodSync(open, 0o777);
  assert.throws(() => requireOwnDirectory(data), refusal(/may be written by everyone/));
  chmodSync(open, 0o1777);
  requireOwnDirectory(data);
});

test('what belongs to somebody else is refused', (t) => {
  const data = folder(t);
  const file = join(data, 'state.sqlite');
  writeFileSync(file, '', { mode: 0o600 });
  if (process.getuid?.() === 0) chownSync(file, 65_534, 65_534);
  else t.mock.property(process, 'geteuid', () => 65_533);
  assert.throws(() => requireOwnDirectory(data), refusal(/belongs to user/));
});

test('a file is replaced whole, private, and leaves no draft, whether or not others wait for it', async (t) => {
  for (const replace of [writeDurably, replaceDurably]) {
    const write = async (path: string, text: string) => replace(path, text);
    const data = folder(t);
    const file = join(data, 'kept');
    for (const text of ['one', 'two'.repeat(100_000), '']) {
      await write(file, text);
      assert.equal(readFileSync(file, 'utf8'), text);
    }
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const victim = join(folder(t), 'victim');
    writeFileSync(victim, 'precious');
    rmSync(file);
    symlinkSync(victim, file);
    await write(file, 'ours');
    assert.equal(readFileSync(victim, 'utf8'), 'precious');
    await assert.rejects(write(join(data, 'absent', 'kept'), ''), /ENOENT/);
    mkdirSync(join(data, 'folder'));
    await assert.rejects(write(join(data, 'folder'), ''));
    assert.deepEqual(readdirSync(data).toSorted(), ['folder', 'kept']);
  }
});

test('a symlink planted under the name of a draft is not followed, whether the name is fixed or not', (t) => {
  const at = folder(t);
  const [path, victim] = [join(at, 'state.json'), join(at, 'victim')];
  for (const draft of ['fixed', 'own'] as const) {
    writeFileSync(victim, 'of somebody else');
    rmSync(`${path}.new`, { force: true });
    symlinkSync(victim, `${path}.new`);
    writeDurably(path, 'ours', { draft });
    assert.equal(readFileSync(path, 'utf8'), 'ours');
    assert.equal(readFileSync(victim, 'utf8'), 'of somebody else', draft);
  }
});

test('a draft of a fixed name that a killed process left is in nobody’s way, and is gone afterwards', (t) => {
  const at = folder(t);
  const path = join(at, 'count');
  writeFileSync(`${path}.new`, 'half', { mode: 0o400 });
  writeDurably(path, 'whole', { draft: 'fixed' });
  assert.deepEqual(readdirSync(at), ['count']);
  assert.equal(readFileSync(path, 'utf8'), 'whole');
});

test('a file that is not there is no fault, and one that cannot be read is', (t) => {
  const at = folder(t);
  assert.equal(readTextIfThere(join(at, 'none'), 100), null);
  assert.throws(() => readTextIfThere(at, 100), /a directory/);
  writeFileSync(join(at, 'some'), 'some');
  assert.equal(readTextIfThere(join(at, 'some'), 100), 'some');
});
