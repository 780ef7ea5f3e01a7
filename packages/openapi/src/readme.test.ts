import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

test('the example of the README prints what the README says', () => {
  const folder = dirname(import.meta.dirname);
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [program = '', printed = ''] = [...readme.matchAll(/^```(?:js)?\n(.*?)^```$/gms)].map(
    ([, block = '']) => block,
  );
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', '--input-type=module', '--eval', program],
    { cwd: folder, encoding: 'utf8' },
  );
  assert.equal(stdout, printed, stderr);
});
