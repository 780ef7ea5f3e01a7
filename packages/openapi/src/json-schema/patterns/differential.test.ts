import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { judgePattern } from './judge-pattern.ts';
import { openMatcher } from './matcher.ts';
import { PatternTooLarge } from './program.ts';

/** The same patterns and texts, judged by another engine that runs in linear time. */

const atoms = fc.constantFrom(
  ...['a', 'b', 'é', '😀', '.', '[ab]', '[^a]', '[^😀]', '[a-é]', '[😀-😂]', '\\d', '\\D', '\\w'],
  ...['\\W', '[\\d_]', '[^\\w]', '\\.', '\\u00e9', '^', '$', '\\b', '\\B', '(?:)'],
);
const patterns = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie('piece'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((pieces) => pieces.join('')).join('|')),
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atoms,
    fc
      .tuple(
        fc.oneof(atoms, tie('pattern')),
        fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '*?'),
      )
      .map(([inner, repeat]) => `(?:${inner})${repeat}`),
    tie('pattern').map((inner) => `(${inner})`),
  ),
})).pattern;
const texts = fc
  .array(fc.constantFrom('a', 'b', 'é', '😀', '😂', '1', '_', ' ', '.', 'z'), { maxLength: 8 })
  .map((characters) => characters.join(''));

test('patterns are judged as another engine judges them, also beyond the basic plane', () => {
  let judged = 0;
  fc.assert(
    fc.property(patterns, fc.array(texts, { minLength: 5, maxLength: 5 }), (source, samples) => {
      let matcher: ReturnType<typeof openMatcher>;
      try {
        matcher = openMatcher(judgePattern(source).spec);
      } catch (fault) {
        if (fault instanceof PatternTooLarge) return;
        throw fault;
      }
      // RE2 writes escapes of code points in another way.
      const elsewhere = RE2JS.compile(source.replaceAll('\\u00e9', 'é'));
      for (const text of samples) {
        const found = elsewhere.matcher(text).find();
        assert.equal(matcher.test(text), found, `/${source}/ on ${JSON.stringify(text)}`);
        judged++;
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(judged > 10_000, `${judged}`);
});
