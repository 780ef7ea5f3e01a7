import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** Each is one way to get past a reader that is safe on every runtime. */
const WAYS = [
  'export const read = (text: string): unknown => JSON.parse(text);',
  'export const read = JSON.parse;',
  "export const read = (text: string): unknown => JSON['parse'](text);",
  'export const read = (text: string): unknown => globalThis.JSON.parse(text);',
  'const { parse } = JSON;\nexport const read = (text: string): unknown => parse(text);',
  'const own = JSON;\nexport const read = (text: string): unknown => own.parse(text);',
  'export const again = (text: string): string => JSON.stringify(JSON.parse(text));',
  'export const read = (answer: Response): Promise<unknown> => answer.json();',
  "import { decodeJwt } from 'jose';\n\nexport const read = decodeJwt;",
];

test('a new way to read JSON natively does not pass the check', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-lint-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(root, 'tools/native-json.grit'), join(folder, 'tools/native-json.grit'));
  const source = join(folder, 'packages/server/src');
  mkdirSync(source, { recursive: true });
  const lint = (name: string, code: string) => {
    const file = join(source, name);
    writeFileSync(file, `${code}\n`);
    return spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--vcs-enabled=false', file], {
      cwd: folder,
      encoding: 'utf8',
    });
  };
  for (const [index, code] of WAYS.entries()) {
    const { status, stdout, stderr } = lint(`way-${index}.ts`, code);
    assert.notEqual(status, 0, code);
    assert.match(stdout + stderr, /native parsing|native-json\.grit/, code);
  }
  const fine = lint('fine.ts', 'export const text = JSON.stringify([1]);');
  assert.equal(fine.status, 0, fine.stdout + fine.stderr);
});
