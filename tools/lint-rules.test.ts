import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** Lints sources as if they stood in a package. */
function linter(t: { after(end: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'poorter-lint-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  for (const name of readdirSync(join(root, 'tools')).filter((one) => one.endsWith('.grit'))) {
    cpSync(join(root, 'tools', name), join(folder, 'tools', name));
  }
  return (name: string, code: string) => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${code}\n`);
    const argv = ['lint', '--vcs-enabled=false', file];
    const biome = join(root, 'node_modules/.bin/biome');
    const { status, stdout, stderr } = spawnSync(biome, argv, { cwd: folder, encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };
}

test('a new way to read JSON natively does not pass the check', (t) => {
  const lint = linter(t);
  for (const [index, code] of WAYS.entries()) {
    const { status, said } = lint(`packages/server/src/way-${index}.ts`, code);
    assert.notEqual(status, 0, code);
    assert.match(said, /native parsing|native-json\.grit/, code);
  }
  const fine = lint('packages/server/src/fine.ts', 'export const text = JSON.stringify([1]);');
  assert.equal(fine.status, 0, fine.said);
});

test('text of messages that is trimmed of more than blanks does not pass the check', (t) => {
  const lint = linter(t);
  const code = 'export const read = (text: string): string => text.trim();';
  for (const folder of [
    'engine/src/policies/admit',
    'openapi/src/openapi/decode',
    'middleware/src',
  ]) {
    const { status, said } = lint(`packages/${folder}/way.ts`, code);
    assert.notEqual(status, 0, folder);
    assert.match(said, /only space and tab/, folder);
  }
  const fine = lint('packages/server/src/cli/fine.ts', code);
  assert.equal(fine.status, 0, fine.said);
});
