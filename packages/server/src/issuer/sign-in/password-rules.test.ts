import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { faultOfPassword, normalPassword } from './password-rules.ts';

const LOGIN = 'griet.maes@example.test';

test('a password is refused for its length, its owner’s name or being tried first, and for nothing else', () => {
  for (const [password, fault] of [
    ['twaalfteken', 'short'],
    ['twaalftekens', null],
    ['\u{1f511}'.repeat(11), 'short'],
    ['voorjaarsschoonmaak', null],
    ['all lower case words', null],
    ['é'.repeat(65), 'long'],
    ['a1!B'.repeat(33), 'long'],
    ['my Griet.Maes secret', 'login'],
    ['ｇｒｉｅｔ．ｍａｅｓ wide letters', 'login'],
    ['griet.maes@example.test', 'login'],
    ['123456789012', 'common'],
    ['Qwertyuiop123', 'common'],
    ['Wachtwoord2026!', 'common'],
    ['motdepasse1234', 'common'],
    ['correct horse battery staple', 'common'],
    ['abababababab', 'common'],
    ['aaaaaaaaaaaaaaaa', 'common'],
  ] as const) {
    assert.equal(faultOfPassword(normalPassword(password), LOGIN), fault, password);
  }
  // Two letters stand in nearly everything.
  assert.equal(faultOfPassword('an unusual sentence', 'an@example.test'), null);
});

test('what looks the same is the same password, and judging one never fails', () => {
  assert.equal(normalPassword('ﬁnancië́le'), normalPassword('financie\u0308\u0301le'));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string(), (password, login) => {
      const normal = normalPassword(password);
      assert.equal(normalPassword(normal), normal);
      const fault = faultOfPassword(normal, login);
      if (fault === null) assert.ok(Buffer.byteLength(normal) <= 128 && [...normal].length >= 12);
    }),
  );
});
