import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { notices } from './notices.ts';

const server = join(import.meta.dirname, '..');

async function codesInUse(): Promise<Set<string>> {
  const files = (await readdir(server, { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$|(^|\/)notices\/kinds\.ts$/.test(file),
  );
  const codes = new Set<string>();
  for (const file of files) {
    if (file === 'messages/notices.ts') continue;
    const text = readFileSync(join(server, file), 'utf8');
    if (!/otices?[./]/.test(text)) continue;
    for (const [, code] of text.matchAll(/'([a-z]+(?:_[a-z]+)*)'/g)) codes.add(code as string);
  }
  return codes;
}

test('every code of a notice is in the reference, with what it means, and none is there that nobody says', async () => {
  const page = readFileSync(join(server, '../../../docs/reference/notices.md'), 'utf8');
  const inUse = await codesInUse();
  for (const [code, { means }] of Object.entries(notices)) {
    assert.ok(page.includes(`<a id="${code}"></a>`), `${code} is not in docs/reference/notices.md`);
    assert.ok(page.includes(means.replaceAll('|', '\\|')), code);
    assert.ok(inUse.has(code), `nobody says ${code}`);
  }
  const listed = [...page.matchAll(/<a id="([a-z_]+)">/g)].map(([, code]) => code);
  assert.deepEqual(listed, Object.keys(notices));
});

test('a code says one thing: no list takes a code that another has', () => {
  const text = [
    readFileSync(join(server, 'messages/notices.ts'), 'utf8'),
    readFileSync(join(server, 'platform/notices/kinds.ts'), 'utf8'),
  ].join('\n');
  const written = [...text.matchAll(/^ {2}([a-z_]+): \{/gm)].map(([, code]) => code);
  assert.equal(new Set(written).size, written.length);
  assert.deepEqual(written.toSorted(), Object.keys(notices).toSorted());
});
