import { groupInlineFlags } from './inline-flags.ts';

/** A pattern in the notation of ECMA-262, and what of it was written otherwise. */
export interface Translated {
  readonly source: string;
  readonly notations: readonly string[];
}

/**
 * The notations of PCRE, Python, Java and .NET that ECMA-262 can say exactly, or more strictly.
 * Undefined where nothing was to translate, or something has no such counterpart.
 */
export function translate(pattern: string): Translated | undefined {
  const flagged = groupInlineFlags(pattern);
  if (flagged === undefined) return undefined;
  const notations = new Set(flagged.notations);
  const isByLine = /\(\?[a-z]*m[a-z]*[:-]/.test(flagged.source);
  const written = withoutJavaProperties(flagged.source, notations);
  const source = written === undefined ? undefined : rewrite(written, isByLine, notations);
  if (source === undefined || notations.size === 0) return undefined;
  return { source, notations: [...notations] };
}

/** `/^…$/i`: nobody means slashes outside of the anchors. */
export function withoutDelimiters(written: string): string | undefined {
  const found = /^\/(\^.*(?<!\\)(?:\\\\)*\$)\/([iug]*)$/su.exec(written);
  if (found === null) return undefined;
  const [, body = '', flags = ''] = found;
  return flags.includes('i') ? `(?i:${body})` : body;
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  upper: 'A-Z',
  lower: 'a-z',
  word: '0-9A-Z_a-z',
  xdigit: '0-9A-Fa-f',
  space: '\\t-\\r\\x20',
  blank: '\\t\\x20',
  cntrl: '\\x00-\\x1f\\x7f',
  print: '\\x20-\\x7e',
  graph: '\\x21-\\x7e',
  punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
};

/** What Java writes between the braces of `\\p{…}` and ECMA-262 does not, as members of a class. */
const JAVA_PROPERTIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'Alpha Digit Alnum Upper Lower Space Blank Cntrl Print Graph Punct'
      .split(' ')
      .map((name) => [name, POSIX_CLASSES[name.toLowerCase()] as string]),
  ),
  XDigit: POSIX_CLASSES['xdigit'] as string,
  IsLetter: '\\p{L}',
  IsDigit: '\\p{Nd}',
  LD: '\\p{L}\\p{Nd}',
  all: '\\s\\S',
  Han: '\\p{Script=Han}',
  Katakana: '\\p{Script=Katakana}',
  Hiragana: '\\p{Script=Hiragana}',
  Hangul: '\\p{Script=Hangul}',
  Latin: '\\p{Script=Latin}',
  Greek: '\\p{Script=Greek}',
  Cyrillic: '\\p{Script=Cyrillic}',
  Arabic: '\\p{Script=Arabic}',
  Hebrew: '\\p{Script=Hebrew}',
  Thai: '\\p{Script=Thai}',
};

/**
 * `\\p{Alnum}` and its kin are ASCII in Java. `\\p{Upper}` is known in ECMA-262, too, for all scripts: it
 * is Java's where another name is Java's alone.
 */
function withoutJavaProperties(source: string, notations: Set<string>): string | undefined {
  const names = [...source.matchAll(/\\[pP]\{(\w+)\}/g)].map(([, name]) => name as string);
  const isJava = names.some((name) => Object.hasOwn(JAVA_PROPERTIES, name) && !isKnown(name));
  if (!isJava) return source;
  let isUnsayable = false;
  let isInClass = false;
  const result = source.replaceAll(
    /\\([pP])\{(\w+)\}|\\[\s\S]|[[\]]/g,
    (token, sign: string | undefined, name: string | undefined) => {
      if (token === '[' || token === ']') isInClass = token === '[';
      if (sign === undefined || name === undefined) return token;
      if (!Object.hasOwn(JAVA_PROPERTIES, name)) return token;
      notations.add(token);
      const members = JAVA_PROPERTIES[name] as string;
      // The complement of several ranges is no member of a class.
      if (sign === 'P' && isInClass) isUnsayable = true;
      return isInClass ? members : `[${sign === 'P' ? '^' : ''}${members}]`;
    },
  );
  return isUnsayable ? undefined : result;
}

function isKnown(name: string): boolean {
  try {
    new RegExp(`\\p{${name}}`, 'u');
    return true;
  } catch {
    return false;
  }
}

function rewrite(source: string, isByLine: boolean, notations: Set<string>): string | undefined {
  let result = '';
  let isInClass = false;
  for (let i = 0; i < source.length; i++) {
    const rest = source.slice(i, i + 12);
    const escaped = /^\\(?:([pP])([LMNPSZC])(?!\{)|[\s\S])/.exec(rest)?.[0];
    if (escaped !== undefined) {
      const isLast = i + escaped.length === source.length;
      const spelt = respellEscape(escaped, isInClass, isLast, isByLine);
      if (spelt !== escaped) notations.add(escaped);
      result += spelt;
      i += escaped.length - 1;
      continue;
    }
    const posix = isInClass ? /^\[:([a-z]+):\]/.exec(rest) : null;
    if (posix !== null) {
      const name = posix[1] as string;
      if (!Object.hasOwn(POSIX_CLASSES, name)) return undefined;
      notations.add(posix[0]);
      result += POSIX_CLASSES[name];
      i += posix[0].length - 1;
      continue;
    }
    if (!isInClass && rest.startsWith('(?P<')) {
      notations.add('(?P<…>)');
      result += '(?<';
      i += 3;
      continue;
    }
    const char = source[i] as string;
    if (char === '[' && !isInClass) isInClass = true;
    else if (char === ']') isInClass = false;
    result += char;
  }
  return result;
}

function respellEscape(
  escaped: string,
  isInClass: boolean,
  isLast: boolean,
  isByLine: boolean,
): string {
  if (escaped.length === 3) return `${escaped.slice(0, 2)}{${escaped[2]}}`;
  if (isInClass) return escaped;
  // Under m, ^ and $ also stand at lines.
  if (escaped === '\\A') return isByLine ? '(?-m:^)' : '^';
  // \Z also stands before a last line end: $ is stricter, unless something negates it.
  if (escaped === '\\z' || (escaped === '\\Z' && isLast)) return isByLine ? '(?-m:$)' : '$';
  return escaped;
}
