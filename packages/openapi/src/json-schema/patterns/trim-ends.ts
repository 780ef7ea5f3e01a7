import type { AST } from '@eslint-community/regexpp';

/**
 * What an unanchored pattern repeats at its ends need only stand there as often as it must: whoever
 * finds `\S` in a text has found `\S{1,8192}` there as well. The same texts fit; a count of thousands,
 * too large for the automaton, is gone. Undefined where nothing can be left out.
 */
export function trimEnds(pattern: AST.Pattern): string | undefined {
  const written = pattern.alternatives.map(({ raw }) => raw);
  const trimmed = pattern.alternatives.map(({ elements }) => trimAlternative(elements));
  if (trimmed.every((text, index) => text === written[index])) return undefined;
  return trimmed.join('|');
}

function trimAlternative(elements: readonly AST.Element[]): string {
  const texts = elements.map(({ raw }) => raw);
  const trim = (indexes: readonly number[]) => {
    for (const index of indexes) {
      const element = elements[index] as AST.Element;
      if (element.type !== 'Quantifier' || element.max === element.min) return;
      const { raw } = element.element;
      texts[index] = element.min === 0 ? '' : `${raw}{${element.min}}`;
      if (element.min > 0) return;
    }
  };
  const indexes = elements.map((_, index) => index);
  trim(indexes.toReversed());
  trim(indexes.filter((index) => texts[index] === elements[index]?.raw));
  return texts.join('');
}
