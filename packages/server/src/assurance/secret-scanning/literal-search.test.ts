import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Literal, LiteralSearch } from './literal-search.ts';

const letters = fc.constantFrom('a', 'A', '_');
const literal = fc.record({
  text: fc.string({ unit: letters, minLength: 3, maxLength: 5 }),
  anyCase: fc.boolean(),
});

test('the search finds every literal that a plain comparison finds, and nothing else', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(literal, { minLength: 1, maxLength: 6 }),
      fc.string({ unit: letters, maxLength: 200 }),
      fc.nat(4),
      (literals, text, cut) => {
        const bytes = Buffer.from(text);
        const end = Math.max(0, bytes.length - cut);
        const expected = plainly(literals, text.slice(0, end));
        found += expected.length;
        assert.deepEqual(searched(literals, bytes, end), expected);
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(found > 500, `the samples contain what is looked for: ${found}`);
});

function searched(literals: readonly Literal[], bytes: Buffer, end: number): string[] {
  const places: string[] = [];
  const search = new LiteralSearch(literals);
  search.search(bytes, end, (index, at) => places.push(`${index}@${at}`));
  return places.toSorted();
}

function plainly(literals: readonly Literal[], text: string): string[] {
  return literals
    .flatMap(({ text: wanted, anyCase }, index) => {
      const [hay, needle] = anyCase ? [text.toLowerCase(), wanted.toLowerCase()] : [text, wanted];
      const places: string[] = [];
      for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + 1)) {
        places.push(`${index}@${at}`);
      }
      return places;
    })
    .toSorted();
}
