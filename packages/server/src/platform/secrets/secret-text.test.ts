import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BYTES_MAX } from '../files/index.ts';
import { isSecretReference, readSecret } from './index.ts';

const baseDirectory = mkdtempSync(join(tmpdir(), 'poorter-secret-text-'));
after(() => rmSync(baseDirectory, { recursive: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(baseDirectory, name), text);
  return `file:./${name}`;
};
const read = (reference: string, environment: Record<string, string> = {}) =>
  readSecret(reference, { environment, baseDirectory });

test('the line end that editors and echo leave is no part of a secret, in a file or in a variable', () => {
  for (const text of ['s3cret', 's3cret\n', 's3cret\r\n', ' s3cret \n\n', '\ufeffs3cret']) {
    assert.equal(read(file('one', text)), 's3cret', JSON.stringify(text));
    assert.equal(read('env:TOKEN', { TOKEN: text }), 's3cret', JSON.stringify(text));
  }
  assert.equal(read(`file://${join(baseDirectory, 'one')}`), 's3cret', 'as a URL of this machine');
});

test('a secret that is not there is refused by the name of its place: unset, empty, unreadable, too long, several', () => {
  mkdirSync(join(baseDirectory, 'folder'));
  const cases: [string, Record<string, string>, RegExp][] = [
    ['env:NONE', {}, /^env:NONE is not set$/],
    ['env:NONE', { NONE: '' }, /^env:NONE is empty$/],
    ['env:NONE', { NONE: ' \n' }, /^env:NONE is empty$/],
    ['env:', {}, /env:NAME or file:PATH/],
    ['file:', {}, /env:NAME or file:PATH/],
    ['s3cret', {}, /env:NAME or file:PATH/],
    ['file:./none', {}, /^file:\.\/none cannot be read: ENOENT/],
    ['file:./folder', {}, /^file:\.\/folder cannot be read: .*a directory/],
    [file('empty', '\n'), {}, /^file:\.\/empty is empty$/],
    [file('long', 's'.repeat(BYTES_MAX.credential + 1)), {}, /is longer than the 1 MiB/],
    [file('two', 's3cret\nanother\n'), {}, /^file:\.\/two holds more than one line$/],
    ['env:TWO', { TWO: 's3cret\nanother' }, /^env:TWO holds more than one line$/],
  ];
  for (const [reference, environment, says] of cases) {
    assert.throws(
      () => read(reference, environment),
      (error: Error) => {
        assert.equal(error.name, 'SecretTextError');
        assert.match(error.message, says);
        // What stands there, or was written in place of a name, is told nobody.
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  }
});

test('what an object inherits is no variable of the environment', () => {
  assert.throws(() => read('env:toString'), /env:toString is not set/);
  assert.throws(() => read('env:__proto__'), /is not set/);
});

test('a text is a name of a secret, or is taken as it stands', () => {
  assert.deepEqual(
    ['env:A', 'file:a', 'postgres://a', 'environment', './file:'].map(isSecretReference),
    [true, true, false, false, false],
  );
});
