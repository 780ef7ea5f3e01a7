import type { Expected, TextReading } from '../../json/index.ts';
import { TOO_DEEP, TOO_LONG } from './parsed-text.ts';
import { pointerSegments } from './pointer.ts';

/** What is wrong with a text, for its author. Of the text itself, only the name of a member is told. */
export interface JsonFault {
  readonly at: number;
  readonly message: string;
  readonly suggestion?: string;
}

type Refusal = Extract<TextReading, { ok: false }>;

export function faultInJson(text: string, { rule, at, pointer, expected }: Refusal): JsonFault {
  switch (rule) {
    case 'depth':
      return { at, ...TOO_DEEP };
    case 'number':
      return { at, ...TOO_LONG };
    case 'duplicate-key': {
      const name = (pointerSegments(pointer).at(-1) as string).slice(0, NAME_LENGTH_TOLD_MAX);
      const message = `the key '${name}' occurs twice in one object`;
      return { at, message, suggestion: 'remove or rename one of the two' };
    }
    default: {
      const { message, ...rest } = syntaxFault(text, at, expected);
      return { at, ...rest, message: `not JSON: ${message}` };
    }
  }
}

const NAME_LENGTH_TOLD_MAX = 200;

type Words = Omit<JsonFault, 'at'> & { readonly at?: number };

/** A common mistake by its name; any other by what was expected. */
function syntaxFault(text: string, at: number, expected: Expected): Words {
  const next = text.charAt(at);
  if (text.trim() === '') return { at: 0, message: 'the document is empty' };
  if (expected === 'text') return faultWithinQuotes(next);
  if (next === '') return { message: `the text ends where ${WORDS[expected]} is expected` };
  if (next === '#' || /^\/[/*]/.test(text.slice(at, at + 2))) {
    return { message: 'a comment, which JSON has not', suggestion: 'remove the comment' };
  }
  const before = endOfWhatStandsBefore(text, at);
  if (text.charAt(before) === ',' && /[}\]]/.test(next)) {
    return { at: before, message: 'nothing follows this comma', suggestion: 'remove the comma' };
  }
  if (isOddNumber(text, at, expected)) {
    const suggestion =
      'no plus, no zero in front, digits on both sides of the point; text stands in double quotes';
    return { message: 'a number is not written so', suggestion };
  }
  const suggestion = isValue(expected) || isName(expected) ? suggestionFor(next, expected) : null;
  const message = `${WORDS[expected]} is expected here`;
  return suggestion === null ? { message } : { message, suggestion };
}

const WORDS: Readonly<Record<Expected, string>> = {
  value: 'a value',
  'first-item': 'a value or a closing bracket',
  'first-name': 'a name in double quotes or a closing brace',
  name: 'a name in double quotes',
  colon: 'a colon',
  'next-item': 'a comma or a closing bracket',
  'next-member': 'a comma or a closing brace',
  end: 'the end of the document',
  text: 'a closing quote',
  digit: 'a digit',
};

const isName = (expected: Expected) => expected === 'name' || expected === 'first-name';
const isValue = (expected: Expected) => expected === 'value' || expected === 'first-item';

function suggestionFor(next: string, expected: Expected): string | null {
  if (next === "'") return 'put names and text in double quotes';
  if (!/[\p{L}_$]/u.test(next)) return null;
  if (isName(expected)) return 'put the name in double quotes';
  return 'put text in double quotes; true, false and null are written in small letters';
}

function faultWithinQuotes(next: string): Words {
  switch (next) {
    case '':
    case '\n':
    case '\r':
      return {
        message: 'the closing quote is missing on this line',
        suggestion: String.raw`close the quotes; a line break in text is written as \n`,
      };
    case '\\':
      return {
        message: 'an escape that JSON has not',
        suggestion: String.raw`write a backslash as \\; four hexadecimal digits follow \u`,
      };
    default:
      return {
        message: 'a control character in text',
        suggestion: String.raw`write a tab as \t, any other as \u and four hexadecimal digits`,
      };
  }
}

/** `+1` and `.5`; also where JSON's number has ended, and its author's has not: `01`, `1.`, `0x1F`. */
function isOddNumber(text: string, at: number, expected: Expected): boolean {
  const next = text.charAt(at);
  if (expected === 'digit') return true;
  if (isValue(expected)) return next === '+' || next === '.';
  const isWithin = /\d/.test(text.charAt(at - 1)) && /[\w.+-]/.test(next);
  return isWithin && (expected === 'next-item' || expected === 'next-member' || expected === 'end');
}

function endOfWhatStandsBefore(text: string, at: number): number {
  let before = at - 1;
  while (before >= 0 && /\s/.test(text.charAt(before))) before--;
  return before;
}
