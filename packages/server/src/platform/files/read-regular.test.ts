import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfiguration } from '../../configuration/load-configuration.ts';
import { SourceReader } from '../../control/compile/source-reader.ts';
import { readCopiedTombstones } from '../../state/tombstones/index.ts';
import { prepareDataDirectory } from '../data-directory/index.ts';
import { fileMasterKey } from '../secrets/local-master-key.ts';
import { realWorld } from '../world/index.ts';
import { readTextFile, requireOwnFile, UntrustedPathError } from './index.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'poorter-regular-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function fifo(t: TestContext, name = 'fifo'): string {
  const path = join(folder(t), name);
  execFileSync('mkfifo', ['-m', '600', path]);
  return path;
}

test('a FIFO, a device or a directory in place of a file is refused at once, also behind a link', (t) => {
  const link = join(folder(t), 'link.yaml');
  symlinkSync('/dev/zero', link);
  const named: readonly (readonly [string, RegExp])[] = [
    [fifo(t), /fifo is a FIFO \(named pipe\), and a regular file was expected$/],
    ['/dev/zero', /^\/dev\/zero is a device, and a regular file was expected$/],
    [link, /is a device, and a regular file was expected$/],
    [folder(t), /is a directory, and a regular file was expected$/],
  ];
  for (const [path, why] of named) {
    assert.throws(() => readTextFile(path, 100), { name: 'UnreadableFileError', message: why });
  }
});

test('no file is read beyond its bound, whatever size it tells', (t) => {
  const path = join(folder(t), 'long');
  writeFileSync(path, 'x'.repeat(101));
  assert.throws(() => readTextFile(path, 100), {
    code: 'EFBIG',
    message: /longer than the 100 bytes/,
  });
  assert.equal(readTextFile(path, 101).length, 101);
  // Says that it is empty, and is not.
  assert.throws(() => readTextFile('/proc/self/status', 100), { code: 'EFBIG' });
  assert.match(readTextFile('/proc/self/status', 1 << 20), /^Name:/);
  const link = join(folder(t), 'link');
  symlinkSync(path, link);
  assert.equal(readTextFile(link, 101).length, 101);
});

test('nobody who reads a file by its name waits for a FIFO', async (t) => {
  const path = fifo(t);
  const reader = new SourceReader('poorter.yaml', '/', realWorld);
  assert.throws(() => reader.read(path), /is a FIFO/);
  assert.throws(() => reader.secret(`file:${path}`), /is a FIFO/);
  assert.throws(() => readCopiedTombstones(path), /is a FIFO/);
  assert.throws(
    () => loadConfiguration({ file: path, values: {} }),
    (error) => JSON.stringify(error).includes('is a FIFO'),
  );
  await assert.rejects(
    async () => fileMasterKey(path, { create: false }).wrap(Buffer.alloc(32), 'a'),
    /is a FIFO/,
  );
});

test('a FIFO or a socket in the data directory is refused at the start and hangs nothing', async (t) => {
  for (const name of ['snapshot-version', 'state.sqlite', 'spool/0001']) {
    const data = folder(t);
    mkdirSync(join(data, 'spool'));
    execFileSync('mkfifo', ['-m', '600', join(data, name)]);
    assert.throws(
      () => prepareDataDirectory(data),
      (error: Error) => {
        assert.ok(error instanceof UntrustedPathError);
        assert.match(error.message, new RegExp(`${name} is a FIFO .*only regular files`));
        return true;
      },
    );
    assert.throws(() => requireOwnFile(join(data, name)), UntrustedPathError);
  }
  const data = folder(t);
  const server = createServer().listen(join(data, 'socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  assert.throws(() => prepareDataDirectory(data), /is a socket/);
});
