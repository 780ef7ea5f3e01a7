import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { finiteWords } from './finite-words.ts';

test('a pattern that is a few words is those words, and no other pattern is', () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['^x$', ['x']],
    ['^user_id-2$', ['user_id-2']],
    ['^(a|b)$', ['a', 'b']],
    ['^(?:role|scope)s?$', ['roles', 'role', 'scopes', 'scope']],
    ['^(is)?[Aa]dmin$', ['isAdmin', 'isadmin', 'Admin', 'admin']],
    ['^a$|^b$', ['a', 'b']],
    ['^(a(b|c)?)$', ['ab', 'ac', 'a']],
    ['^(?:a|)$', ['a', '']],
    ...[
      'x',
      '^x',
      'x$',
      '^a$|b',
      '^a*$',
      '^a+$',
      '^a{2}$',
      '^(a)+$',
      '^(a|b){1,2}$',
      '^[a-z]$',
    ].map((source) => [source, undefined] as const),
    ...[
      '^.$',
      '^\\w$',
      '^[^a]$',
      '^(?=a)a$',
      '^(?<n>a)$',
      '^(a$',
      '^a)$',
      '^[a$',
      '^a?*$',
      '^a??$',
    ].map((source) => [source, undefined] as const),
    [`^${'[ab]'.repeat(7)}$`, undefined],
    [`^${'('.repeat(500)}`, undefined],
    [`^${'a'.repeat(65)}$`, undefined],
  ];
  for (const [source, words] of cases) assert.deepEqual(finiteWords(source), words, source);
});

test('what is said to be all words of a pattern is what the pattern matches', () => {
  const piece = fc.constantFrom(...'ab|()?[]^$:*+{}-', '(?:', '[ab]', 'a?', '1');
  const source = fc.array(piece, { maxLength: 12 }).map((pieces) => `^${pieces.join('')}$`);
  const letters = ['', ...'ab1:-|'];
  const texts = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
  fc.assert(
    fc.property(source, (pattern) => {
      const words = finiteWords(pattern);
      if (words === undefined) return;
      const expression = new RegExp(pattern, 'u');
      for (const word of words) assert.ok(expression.test(word), `${pattern} ${word}`);
      for (const text of texts) {
        assert.equal(words.includes(text), expression.test(text), `${pattern} ${text}`);
      }
    }),
    { numRuns: 3_000 },
  );
});
