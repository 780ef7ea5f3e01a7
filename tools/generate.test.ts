import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problems } from '@poorter/engine';
import { adminProblems } from '../packages/server/src/messages/admin-problems.ts';

const root = join(import.meta.dirname, '..');

test('contract and reference pages say what the code says', () => {
  const result = spawnSync(
    process.execPath,
    ['--conditions=source', join(root, 'tools/generate.ts'), '--check'],
    { encoding: 'utf8', cwd: root },
  );
  assert.equal(result.status, 0, result.stderr);
});

test('every problem code stands in the catalogue and on the page, and no other does', () => {
  const codes = Object.keys({ ...problems, ...adminProblems }).sort();
  const catalogue = JSON.parse(
    readFileSync(join(root, 'contract/problems.json'), 'utf8'),
  ) as object;
  const page = readFileSync(join(root, 'docs/reference/problems.md'), 'utf8');
  const onPage = [...page.matchAll(/<a id="([a-z_]+)">/g)].map(([, code]) => code).sort();
  assert.deepEqual(Object.keys(catalogue).sort(), codes);
  assert.deepEqual(onPage, codes);
});
