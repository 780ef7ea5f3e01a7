/** A pattern in the notation of ECMA-262, and what of it was written otherwise. */
export interface Translated {
  readonly source: string;
  readonly notations: readonly string[];
}

/**
 * The notations of PCRE, Python, Java and .NET that ECMA-262 can say exactly, or more strictly.
 * Undefined where nothing was to translate, or something has no such counterpart.
 */
export function translate(written: string): Translated | undefined {
  const notations = new Set<string>();
  const flags = leadingFlags(written);
  const rest = flags === undefined ? written : flags.rest;
  // Under m, ^ and $ also stand at lines, and not all engines agree what ends a line.
  const isByLine = flags?.flags.includes('m') ?? false;
  if (isByLine && hasAnchor(rest)) return undefined;
  if (/\(\?[a-z]*m[a-z]*[:)-]/.test(rest)) return undefined;
  const body = rewrite(rest, notations);
  if (body === undefined) return undefined;
  if (flags === undefined)
    return notations.size > 0 ? { source: body, notations: [...notations] } : undefined;
  notations.add(`(?${flags.flags})`);
  const kept = [...new Set(flags.flags)].filter((flag) => flag !== 'm').join('');
  const source = flags.prefix + (kept === '' ? body : `(?${kept}:${body})`);
  return { source, notations: [...notations] };
}

/** `/^…$/i`: nobody means slashes outside of the anchors. */
export function withoutDelimiters(written: string): string | undefined {
  const found = /^\/(\^.*(?<!\\)(?:\\\\)*\$)\/([iug]*)$/su.exec(written);
  if (found === null) return undefined;
  const [, body = '', flags = ''] = found;
  return flags.includes('i') ? `(?i:${body})` : body;
}

/** Flags hold to the end of the group around them, which a group of their own can only say whole. */
function leadingFlags(
  written: string,
): { prefix: string; flags: string; rest: string } | undefined {
  const found = /^(\^?)\(\?([ims]+)\)/.exec(written);
  if (found === null) return undefined;
  const [all, prefix = '', flags = ''] = found;
  const rest = written.slice(all.length);
  if (prefix !== '' && (rest.includes('|') || flags.includes('m'))) return undefined;
  return { prefix, flags, rest };
}

function hasAnchor(source: string): boolean {
  return /[$^]/.test(source.replaceAll(/\\./gs, '').replaceAll(/\[\^/g, '['));
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

function rewrite(source: string, notations: Set<string>): string | undefined {
  let result = '';
  let isInClass = false;
  for (let i = 0; i < source.length; i++) {
    const rest = source.slice(i, i + 12);
    const escaped = /^\\(?:([pP])([LMNPSZC])(?!\{)|[\s\S])/.exec(rest)?.[0];
    if (escaped !== undefined) {
      const spelt = respellEscape(escaped, isInClass, i + escaped.length === source.length);
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

function respellEscape(escaped: string, isInClass: boolean, isLast: boolean): string {
  if (escaped.length === 3) return `${escaped.slice(0, 2)}{${escaped[2]}}`;
  if (isInClass) return escaped;
  if (escaped === '\\A') return '^';
  // \Z also stands before a last line end: $ is stricter, unless something negates it.
  if (escaped === '\\z' || (escaped === '\\Z' && isLast)) return '$';
  return escaped;
}
