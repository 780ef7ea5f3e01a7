import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { excludedWords, finiteWords } from './finite-words.ts';
import type { PatternSpec } from './pattern-spec.ts';
import { PatternTooLarge, PatternUnsupported, writeProgram } from './program.ts';
import { proveLinear } from './prove-linear.ts';
import { repair } from './repair.ts';
import { translate, withoutDelimiters } from './translate.ts';
import { trimEnds } from './trim-ends.ts';

export interface JudgedPattern {
  readonly spec: PatternSpec;
  readonly notes: readonly PatternNote[];
}

export interface PatternNote {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly suggestion?: string;
}

/** Longest pattern read at all. */
const PATTERN_LENGTH_MAX = 20_000;

/**
 * Decides how a pattern may run. Proven linear: the native engine. Otherwise: our automaton, which
 * is linear by construction. A back-reference has no linear engine, so such a pattern is refused.
 */
export function judgePattern(source: string): JudgedPattern {
  if (source.length > PATTERN_LENGTH_MAX) return refused('the pattern is too long');
  const notes: PatternNote[] = [];
  const undelimited = withoutDelimiters(source);
  if (undelimited !== undefined) {
    notes.push({
      severity: 'warning',
      message: 'the pattern stands between slashes, which are read as delimiters',
      suggestion: `write ${JSON.stringify(undelimited)}`,
    });
  } else if (/^\/(\^.*)\/[a-z]*$/.test(source)) {
    notes.push({
      severity: 'warning',
      message: 'the pattern stands between slashes, which it then asks of the text',
      suggestion: 'leave out the slashes',
    });
  }
  let text = undelimited ?? source;
  let ast = parse(text);
  if (ast === undefined) {
    const translated = translate(text);
    if (translated !== undefined) {
      text = translated.source;
      ast = parse(text);
      notes.push({
        severity: 'warning',
        message: `${translated.notations.join(', ')} is not ECMA-262; it is translated`,
        suggestion: `write ${JSON.stringify(text)}`,
      });
    }
  }
  if (ast === undefined) {
    const foreign = FOREIGN.find(([sign]) => sign.test(text)) ?? possessive(text);
    if (foreign !== undefined)
      return refused(`the pattern is not ECMA-262: ${foreign[1]}`, foreign[2]);
    const repaired = repair(text);
    ast = repaired === undefined ? undefined : parse(repaired);
    if (ast === undefined) return refused('the pattern is not a regular expression of ECMA-262');
    text = repaired!;
    notes.push({
      severity: 'warning',
      message: 'the pattern is not valid in Unicode mode; it is read as browsers read it without',
      suggestion: `write ${JSON.stringify(text)}`,
    });
  }
  try {
    return { spec: specOf(ast, text), notes };
  } catch (fault) {
    const trimmed = fault instanceof PatternTooLarge ? trimEnds(ast) : undefined;
    const shorter = trimmed === undefined ? undefined : parse(trimmed);
    if (shorter !== undefined) {
      const judged = judgePattern(trimmed as string);
      return { spec: judged.spec, notes: [...notes, ...judged.notes] };
    }
    if (fault instanceof PatternTooLarge) {
      return refused('the pattern repeats too much to be checked safely', 'use maxLength instead');
    }
    if (fault instanceof PatternUnsupported) return refused(fault.message);
    throw fault;
  }
}

function specOf(ast: AST.Pattern, source: string): PatternSpec {
  const linear = proveLinear(ast);
  const words = finiteWords(ast);
  const excluded = excludedWords(ast);
  const speaksOf = {
    ...(words === undefined ? {} : { words }),
    ...(excluded.length === 0 ? {} : { excluded }),
  };
  if (linear !== undefined) return { kind: 'native', source, ...linear, ...speaksOf };
  return { kind: 'automaton', program: writeProgram(ast), ...speaksOf };
}

function refused(message: string, suggestion?: string): JudgedPattern {
  const note: PatternNote = { severity: 'error', message };
  return {
    spec: { kind: 'never' },
    notes: [suggestion === undefined ? note : { ...note, suggestion }],
  };
}

function parse(source: string): AST.Pattern | undefined {
  try {
    new RegExp(source, 'u');
    return new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source, 0, source.length, {
      unicode: true,
    });
  } catch {
    return undefined;
  }
}

/** Other dialects' notations that a lenient reading would silently turn into something else. */
const FOREIGN: [RegExp, string, string][] = [
  [/\(\?[a-z]+\)/, 'inline flags', 'use a group: (?i:…)'],
  [/\\[AzZ]/, '\\A and \\z are no anchors here', 'use ^ and $'],
  [/\(\?P[<=>]/, 'named groups', 'write (?<name>…)'],
  [/\[:\^?\w+:\]|\[([.=])[^\]]+\1\]/, 'POSIX classes', 'write [A-Za-z], \\d or \\p{L}'],
  [
    /(?<!\\)(?:\\\\)*\\[hHRXKGQEeaNyYiC]/,
    'escapes such as \\h and \\Q are not known here',
    'write the characters they stand for',
  ],
  [/&&\[/, 'intersections of classes', 'write out the characters'],
];

/** In a class, `*+` are two characters. */
function possessive(text: string): (typeof FOREIGN)[number] | undefined {
  const outside = text.replaceAll(/\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]/g, 'x');
  const sign = /\(\?>|[*+?}]\+/;
  if (!sign.test(outside)) return undefined;
  return [sign, 'atomic groups and possessive quantifiers', 'leave out the extra +'];
}
