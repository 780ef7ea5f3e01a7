import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitsAll, fixedTexts, isPreferred, mayBeBoth } from './compare-templates.ts';
import { readTemplate } from './description/template.ts';
import { Router } from './router.ts';

/** Every text of a small alphabet up to a length that shows every overlap of these templates. */
const TEXTS = allTexts('ab', 9);

function allTexts(alphabet: string, lengthMax: number): readonly string[] {
  let last = [''];
  const all: string[] = [];
  for (let length = 1; length <= lengthMax; length++) {
    last = last.flatMap((text) => [...alphabet].map((letter) => text + letter));
    all.push(...last);
  }
  return all;
}

const letter = fc.constantFrom('a', 'b');
const end = fc.string({ unit: letter, maxLength: 2 });
/** 'aa{p}b{q}': parameters that stand side by side cannot be told apart. */
const segment = fc.oneof(
  end.filter((text) => text !== ''),
  fc.tuple(end, end).map(([head, tail]) => `${head}{p}${tail}`),
  fc.tuple(end, letter, end).map(([head, between, tail]) => `${head}{p}${between}{q}${tail}`),
);

function routerOf(...segments: readonly string[]): Router {
  const router = new Router();
  for (const [index, text] of segments.entries()) {
    const template = readTemplate(`/${text}`);
    assert.ok(template.ok, text);
    router.add('GET', template.segments, index);
  }
  return router;
}

function fitting(text: string): ReadonlySet<string> {
  const router = routerOf(text);
  return new Set(TEXTS.filter((one) => router.find('GET', `/${one}`).kind === 'found'));
}

function textsOf(segment: string) {
  return fixedTexts(`/${segment}`)[0] as readonly string[];
}

test('a template takes a call from another only if that is seen beforehand', () => {
  fc.assert(
    fc.property(segment, segment, (one, other) => {
      const [left, right] = [fitting(one), fitting(other)];
      const common = [...left].filter((text) => right.has(text));
      assert.equal(mayBeBoth(textsOf(one), textsOf(other)), common.length > 0, `${one} ${other}`);
      if (fitsAll(textsOf(one), textsOf(other))) {
        assert.equal(common.length, right.size, `${one} holds ${other}`);
      }
      if (common.length > 0 && isPreferred([textsOf(one)], [textsOf(other)])) {
        const found = routerOf(other, one).find('GET', `/${common[0]}`);
        assert.ok(found.kind === 'found' && found.operation === 1, `${one} before ${other}`);
      }
    }),
    { numRuns: 150 },
  );
});

test('fixed text is read as the router reads it, however it is written', () => {
  assert.deepEqual(fixedTexts('/%61/b%20c/{x}.{y}'), [['a'], ['b c'], ['', '.', '']]);
  assert.deepEqual(fixedTexts('/{no'), [[''], ['{no']]);
});
