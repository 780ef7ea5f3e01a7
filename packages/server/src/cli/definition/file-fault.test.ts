import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileFault } from './file-fault.ts';

test('what the system says of a file is told in words, and nothing else is', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-fault-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const said = (work: () => unknown): string | undefined => {
    try {
      work();
    } catch (error) {
      return fileFault(error as Error);
    }
    return assert.fail('nothing is wrong');
  };
  assert.equal(
    said(() => readFileSync(join(folder, 'x'))),
    `there is no ${join(folder, 'x')}`,
  );
  assert.match(said(() => readFileSync(join(file, 'x'))) ?? '', /a part of this path is a file/);
  assert.match(said(() => mkdirSync(folder)) ?? '', /is there already$/);
  assert.equal(fileFault(new Error('ENOENT')), undefined);
  const socket = Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' });
  assert.equal(fileFault(socket), undefined);
});
