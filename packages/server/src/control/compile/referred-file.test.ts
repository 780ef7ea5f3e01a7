import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { asWritten, compileApi } from '@poorter/openapi';
import { BYTES_MAX, readTextFile } from '../../platform/files/index.ts';
import { referredFile } from './referred-file.ts';

/** What is said of a description in main/ whose one schema is this reference; '' where nothing is. */
function told(main: string, reference: string): string {
  const text = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    paths: {
      '/a': {
        get: {
          parameters: [{ name: 'q', in: 'query', schema: { $ref: reference } }],
          responses: { 200: { description: 'ok' } },
        },
      },
    },
  });
  const read = (uri: string, written: string) =>
    readTextFile(referredFile(uri, written, main), BYTES_MAX.description);
  const settings = { read, readExtension: asWritten, strictProperties: true };
  const result = compileApi({ uri: pathToFileURL(main).href, text }, settings);
  return result.ok ? '' : JSON.stringify(result.errors);
}

function tree(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'poorter-referred-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'main/parts'), { recursive: true });
  mkdirSync(join(root, 'main-other'));
  const files = {
    'main/parts/a.yaml': 'type: integer',
    'main/parts/plain': 'type: integer',
    'shared.yaml': 'type: integer',
    'shared.json': '{"type":"integer"}',
    'main-other/b.yaml': 'type: integer',
    secret: 'root:$6$hunter2:20000:0:99999:7:::\n',
    'main/secret.yaml': 'root:*hunter2:20000:\n- hunter2: *hunter2\n',
    'main/text.yaml': 'hunter2:root:x\nhunter2:daemon:x\n',
    'main/twice.yaml': 'hunter2: 1\nhunter2: 2\n',
    'main/alias.yaml': 'a: *hunter2\n',
    'main/odd.json': '{"a": hunter2}',
    'main/tag.yaml': 'a: !hunter2 x\nb: [hunter2',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  symlinkSync('../secret', join(root, 'main/link'));
  symlinkSync('../shared.yaml', join(root, 'main/link.yaml'));
  return root;
}

test('a reference reads no file of the machine that is no part of the description', (t) => {
  const root = tree(t);
  const main = join(root, 'main/api.yaml');
  const url = pathToFileURL(join(root, 'shared.yaml')).href;
  const out = `${'../'.repeat(20)}etc/passwd`;
  const refused: readonly (readonly [string, RegExp])[] = [
    ['/etc/passwd', /absolute reference must lead below/],
    [join(root, 'shared.yaml'), /absolute reference must lead below/],
    [join(root, 'main-other/b.yaml'), /absolute reference must lead below/],
    [url, /absolute reference must lead below/],
    [url.replace('file:', ' fi\nle:'), /absolute reference must lead below/],
    [url.replace('file://', 'file:'), /absolute reference must lead below/],
    [`\\${join(root, 'shared.yaml').slice(1)}`, /absolute reference must lead below/],
    [out, /leads out of/],
    [`parts/${out}#/root`, /leads out of/],
    ['%2e%2e/secret', /leads out of/],
    ['..%2fsecret', /cannot be resolved/],
    ['../secret', /leads out of/],
    ['link', /leads out of/],
    ['/dev/zero', /absolute reference must lead below/],
  ];
  for (const [reference, why] of refused) {
    assert.match(told(main, reference), why, reference);
    assert.doesNotMatch(told(main, reference), /hunter2/, reference);
  }
});

test('descriptions that real repositories split are still read', (t) => {
  const root = tree(t);
  const main = join(root, 'main/api.yaml');
  const below = join(root, 'main/parts/a.yaml');
  const kept = ['parts/a.yaml', './parts/plain', '../shared.yaml', '../shared.json', 'link.yaml'];
  for (const reference of [...kept, '../main-other/b.yaml', below, pathToFileURL(below).href]) {
    assert.equal(told(main, reference), '', reference);
  }
});

test('no text of a file that is no mapping stands in what is said about it', (t) => {
  const main = join(tree(t), 'main/api.yaml');
  for (const name of ['secret', 'text', 'twice', 'alias', 'tag'].map((one) => `${one}.yaml`)) {
    const said = told(main, name);
    assert.match(said, /cannot be resolved/, name);
    assert.doesNotMatch(said, /hunter2/, said);
    // A pointer into it tells nothing either.
    assert.doesNotMatch(told(main, `${name}#/hunter`), /hunter2/, name);
  }
  assert.doesNotMatch(told(main, 'odd.json'), /hunter2/);
});

test('a FIFO beside the description hangs nobody, and a device ends', (t) => {
  const main = join(tree(t), 'main/api.yaml');
  execFileSync('mkfifo', [join(dirname(main), 'fifo')]);
  symlinkSync('/dev/zero', join(dirname(main), 'zero.yaml'));
  assert.match(told(main, './fifo'), /fifo is a FIFO/);
  assert.match(told(main, 'zero.yaml'), /leads out of/);
});
