/** More of them than any author writes. */
const FLAGS_MAX = 20;

/**
 * `(?i)` as PCRE, Java, Python and .NET know it: the flags hold from there to the end of the group
 * around them, also in the alternatives that follow. ECMA-262 says the same with groups of their
 * own. Undefined where a flag has no counterpart.
 */
export function groupInlineFlags(
  written: string,
): { readonly source: string; readonly notations: readonly string[] } | undefined {
  const notations = new Set<string>();
  let source = written;
  for (let count = 0; ; count++) {
    const found = firstFlags(source);
    if (found === undefined) return { source, notations: [...notations] };
    if (count === FLAGS_MAX) return undefined;
    const { start, end, flags } = found;
    // `u` asks for what is the case here.
    const kept = flags.replaceAll('u', '');
    if (!/^[ims]*(?:-[ims]+)?$/.test(kept)) return undefined;
    notations.add(source.slice(start, end));
    const close = endOfGroup(source, end);
    const held = alternatives(source.slice(end, close));
    const grouped =
      kept === '' ? held : held.map((part) => (part === '' ? '' : `(?${kept}:${part})`));
    source = source.slice(0, start) + grouped.join('|') + source.slice(close);
  }
}

function firstFlags(source: string): { start: number; end: number; flags: string } | undefined {
  for (const [index, char] of syntaxOf(source)) {
    if (char !== '(') continue;
    const found = /^\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)\)/.exec(source.slice(index, index + 24));
    if (found === null || found[1] === '') continue;
    return { start: index, end: index + found[0].length, flags: found[1] as string };
  }
  return undefined;
}

/** Where the group around a place is closed. */
function endOfGroup(source: string, from: number): number {
  let depth = 0;
  for (const [index, char] of syntaxOf(source)) {
    if (index < from) continue;
    if (char === '(') depth++;
    else if (char === ')' && depth-- === 0) return index;
  }
  return source.length;
}

function alternatives(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [index, char] of syntaxOf(source)) {
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) {
      parts.push(source.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, source.slice(start)];
}

/** Brackets and bars that are syntax: neither escaped nor in a class. */
function* syntaxOf(source: string): Generator<readonly [index: number, char: string]> {
  let isInClass = false;
  for (let index = 0; index < source.length; index++) {
    const char = source[index] as string;
    if (char === '\\') index++;
    else if (isInClass) isInClass = char !== ']';
    else if (char === '[') isInClass = true;
    else if (char === '(' || char === ')' || char === '|') yield [index, char];
  }
}
