import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgePattern } from './judge-pattern.ts';
import type { PatternWord } from './pattern-spec.ts';

/** Where all that it looks for are whole texts. */
function finiteWords(source: string): readonly string[] | undefined {
  const { words } = judgePattern(source).spec;
  return words?.every(({ at }) => at === 'whole') ? words.map(({ text }) => text) : undefined;
}

test('a pattern that is a few words is those words, and no other pattern is', () => {
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['^x$', ['x']],
    ['^user_id-2$', ['user_id-2']],
    ['^(a|b)$', ['a', 'b']],
    ['^(?:role|scope)s?$', ['roles', 'role', 'scopes', 'scope']],
    ['^(is)?[Aa]dmin$', ['isadmin', 'admin']],
    ['^a$|^b$', ['a', 'b']],
    ['^(a(b|c)?)$', ['ab', 'ac', 'a']],
    ['^(?:a|)$', ['a', '']],
    ['(?i)^(admin|is_root)$', ['admin', 'is_root']],
    ['^(?i:admin)Role$', ['adminRole']],
    ['/^Admin$/i', ['admin']],
    ['^[Aa][Dd][Mm][Ii][Nn][Rr][Oo][Ll][Ee]$', ['adminrole']],
    ['^(?<n>a)$', ['a']],
    ['^a??$', ['a', '']],
    ['^user\\.role$', ['user.role']],
    ['^\\x61$', ['a']],
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
    ...['^.$', '^\\w$', '^[^a]$', '^(?=a)a$', '^(a$', '^a)$', '^[a$', '^a?*$'].map(
      (source) => [source, undefined] as const,
    ),
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
      // What is no pattern is read as another.
      if (!isPattern(pattern)) return;
      const expression = new RegExp(pattern, 'u');
      for (const word of words) assert.ok(expression.test(word), `${pattern} ${word}`);
      for (const text of texts) {
        assert.equal(words.includes(text), expression.test(text), `${pattern} ${text}`);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a pattern without an end is a beginning, one without a start an end, and what it excludes is told', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['^admin', ['start admin'], []],
    ['^admin.*$', ['start admin'], []],
    ['^(?:is|has)_', ['start is_', 'start has_'], []],
    ['_id$', ['end _id'], []],
    ['(?i)Admin', ['anywhere admin'], []],
    ['^.*admin', ['anywhere admin'], []],
    ['^a$|^b', ['whole a', 'start b'], []],
    ['^admin.+', [], []],
    ['^[a-z]', [], []],
    ['^(?m:a)', [], []],
    ['^(?!admin)', [], ['start admin']],
    ['^(?!admin$|role$).*$', [], ['whole admin', 'whole role']],
    ['^(?!.*admin)(?!_)[a-z]+$', [], ['anywhere admin', 'start _']],
    ['^(?!a)b|c', [], []],
    ['^a(?!b)', [], []],
  ];
  const written = (words: readonly PatternWord[] = []) =>
    words.map(({ text, at }) => `${at} ${text}`);
  for (const [source, words, excluded] of cases) {
    const { spec } = judgePattern(source);
    assert.deepEqual([written(spec.words), written(spec.excluded)], [words, excluded], source);
  }
});

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
