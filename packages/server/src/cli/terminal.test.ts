import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unsteering } from './terminal.ts';

test('what a stranger chose does not steer the terminal of whoever reads the log', () => {
  assert.equal(unsteering('a\u001b[2Jb'), 'a\\u001b[2Jb');
  assert.equal(unsteering('\u009b31m'), '\\u009b31m');
  assert.equal(unsteering('user\u202Egpj.exe'), 'user\\u202egpj.exe');
  assert.equal(unsteering('one\u2028two\u0085three\rfour'), 'one\\u2028two\\u0085three\\u000dfour');
  assert.equal(unsteering('a\tb\nc é 😀 日本'), 'a\tb\nc é 😀 日本');
});

test('JSON that is printed so is the same JSON', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
      assert.deepEqual(JSON.parse(unsteering(text)), JSON.parse(text));
    }),
  );
  const value = { ['\u009b']: '\u202e\u0000\\\u001b' };
  assert.deepEqual(JSON.parse(unsteering(JSON.stringify(value))), value);
});
