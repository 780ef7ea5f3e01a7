import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';

/**
 * Rewrites a pattern that only parses without the u flag, such as `^[\w-\.]+$`, so that it means
 * the same with it. Undefined where it parses neither way.
 */
export function repair(source: string): string | undefined {
  const unescaped = dropNeedlessEscapes(source);
  if (isUnicodePattern(unescaped)) return unescaped;
  // Property escapes exist in Unicode mode only; the old mode would read them as letters.
  if (/\\[pPu]\{|\\k</.test(unescaped)) return undefined;
  const respelled = respell(unescaped);
  return respelled !== undefined && isUnicodePattern(respelled) ? respelled : undefined;
}

function isUnicodePattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

/** `\-` and `\_` are plain characters; only syntax characters and / may be escaped under u. */
function dropNeedlessEscapes(source: string): string {
  let result = '';
  let isInClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === '\\' && i + 1 < source.length) {
      const next = source[++i]!;
      const keeps = /[\^$\\.*+?()[\]{}|/A-Za-z0-9]/.test(next) || (isInClass && next === '-');
      result += keeps ? char + next : next;
      continue;
    }
    if (char === '[') isInClass = true;
    else if (char === ']') isInClass = false;
    result += char;
  }
  return result;
}

/** Writes the lenient reading down again, every literal character in its strict spelling. */
function respell(source: string): string | undefined {
  let ast: AST.Pattern;
  try {
    ast = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source, 0, source.length, {
      unicode: false,
    });
  } catch {
    return undefined;
  }
  const spellings: { start: number; end: number; text: string }[] = [];
  visitRegExpAST(ast, {
    onCharacterEnter(node) {
      const text = strictSpelling(node.value);
      if (text !== node.raw) spellings.push({ start: node.start, end: node.end, text });
    },
  });
  spellings.sort((a, b) => a.start - b.start);
  let result = '';
  let from = 0;
  for (const { start, end, text } of spellings) {
    result += source.slice(from, start) + text;
    from = end;
  }
  return result + source.slice(from);
}

function strictSpelling(code: number): string {
  const char = String.fromCodePoint(code);
  // A class needs its hyphen escaped, and outside of one \x2d says the same.
  if (char === '-') return '\\x2d';
  if (/[\^$\\.*+?()[\]{}|/]/.test(char)) return `\\${char}`;
  if (code < 32) return `\\x${code.toString(16).padStart(2, '0')}`;
  return char;
}
