import type { AST } from '@eslint-community/regexpp';
import type { PatternWord } from './pattern-spec.ts';

/** More than these are no list of names any more. */
const WORDS_MAX = 64;
const LENGTH_MAX = 64;
const DEPTH_MAX = 16;

/** What a text of the pattern may hold beside its own characters: its start, its end, anything. */
const START = '\u0001';
const END = '\u0002';
const ANY = '\u0003';
const MARKS = /[\u0001-\u0003]/;

/**
 * What a pattern looks for, where it is written as a few words: `^(?:role|scope)s?$` is four names, `^admin` and
 * `admin.*` one beginning. Letters that stand there in either case are in lower case. Undefined: it is not, or has
 * parts that are not read here.
 */
export function finiteWords({ alternatives }: AST.Pattern): readonly PatternWord[] | undefined {
  return wordsOf(textsOfAll(alternatives, { depth: 0, isCaseless: false }));
}

/** What no text begins with that fits the pattern: of `^(?!admin|role$).*$`, these. */
export function excludedWords({ alternatives }: AST.Pattern): readonly PatternWord[] {
  const [only, ...others] = alternatives;
  const [start, ...rest] = only?.elements ?? [];
  if (others.length > 0 || start?.type !== 'Assertion' || start.kind !== 'start') return [];
  const end = rest.findIndex((element) => !isExclusion(element));
  return rest.slice(0, end < 0 ? rest.length : end).flatMap((element) => {
    if (!isExclusion(element)) return [];
    const texts = textsOfAll(element.alternatives, { depth: 0, isCaseless: false });
    return wordsOf(texts?.map((text) => START + text)) ?? [];
  });
}

function isExclusion(element: AST.Element): element is AST.LookaheadAssertion {
  return element.type === 'Assertion' && element.kind === 'lookahead' && element.negate;
}

function wordsOf(texts: readonly string[] | undefined): readonly PatternWord[] | undefined {
  const words = texts?.map(wordOf);
  return words?.every((word) => word !== undefined) ? words : undefined;
}

function wordOf(written: string): PatternWord | undefined {
  const [, start, before, text = '', after, end] =
    /^(\u0001?)(\u0003*)([^\u0001-\u0003]*)(\u0003*)(\u0002?)$/.exec(written) ?? [];
  if (start === undefined || text.length > LENGTH_MAX) return undefined;
  const isFromStart = start !== '' && before === '';
  const isToEnd = end !== '' && after === '';
  if (isFromStart) return { text, at: isToEnd ? 'whole' : 'start' };
  return { text, at: isToEnd ? 'end' : 'anywhere' };
}

interface Within {
  readonly depth: number;
  readonly isCaseless: boolean;
}

function textsOfAll(
  alternatives: readonly AST.Alternative[],
  within: Within,
): readonly string[] | undefined {
  const texts = new Set<string>();
  for (const { elements } of alternatives) {
    let found: readonly string[] = [''];
    for (const element of elements) {
      const next = textsOf(element, within);
      if (next === undefined) return undefined;
      found = found.flatMap((first) => next.map((second) => first + second));
      if (found.length > WORDS_MAX) return undefined;
    }
    for (const text of found) texts.add(text);
  }
  return texts.size > WORDS_MAX ? undefined : [...texts];
}

function textsOf(element: AST.Element, within: Within): readonly string[] | undefined {
  const { depth, isCaseless } = within;
  switch (element.type) {
    case 'Assertion':
      return element.kind === 'start' ? [START] : element.kind === 'end' ? [END] : undefined;
    case 'Character':
      return charactersOf([element], isCaseless);
    case 'CharacterClass':
      return element.negate ? undefined : charactersOf(element.elements, isCaseless);
    case 'CapturingGroup':
    case 'Group': {
      const { add, remove } = (element.type === 'Group' ? element.modifiers : null) ?? {};
      const isOther = [add, remove].some((flags) => flags?.multiline || flags?.dotAll);
      if (isOther || depth === DEPTH_MAX) return undefined;
      return textsOfAll(element.alternatives, {
        depth: depth + 1,
        isCaseless: (isCaseless || add?.ignoreCase === true) && remove?.ignoreCase !== true,
      });
    }
    case 'Quantifier': {
      const { min, max, element: repeated } = element;
      if (min === 0 && max === Number.POSITIVE_INFINITY && isAnything(repeated)) return [ANY];
      const once = min <= 1 && max === 1 ? textsOf(repeated, within) : undefined;
      return min === 0 && once !== undefined ? [...once, ''] : once;
    }
    default:
      return undefined;
  }
}

const isAnything = (element: AST.QuantifiableElement): boolean =>
  element.type === 'CharacterSet' && element.kind === 'any';

/** Of a class such as `[Rr]`, where nothing but the case tells them apart, one. */
function charactersOf(
  elements: readonly (AST.Character | AST.CharacterClass['elements'][number])[],
  isCaseless: boolean,
): readonly string[] | undefined {
  const characters: string[] = [];
  for (const element of elements) {
    if (element.type !== 'Character') return undefined;
    characters.push(String.fromCodePoint(element.value));
  }
  if (characters.length === 0 || characters.some((text) => MARKS.test(text))) return undefined;
  const given = new Set(characters);
  const hasBoth = (text: string) => given.has(text.toLowerCase()) && given.has(text.toUpperCase());
  return [
    ...new Set(characters.map((text) => (isCaseless || hasBoth(text) ? text.toLowerCase() : text))),
  ];
}
