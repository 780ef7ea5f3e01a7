/**
 * One canonical form of a request target, used for matching, deciding, recording and forwarding.
 *
 * RFC 3986 §6.2.2: unreserved characters are decoded, other escapes get upper-case hex, dot
 * segments are resolved; runs of slashes become one. Anything whose meaning depends on who reads
 * it (an encoded slash, a backslash, a NUL, a fragment, bytes that are no UTF-8) is refused instead
 * of interpreted. Escapes of other characters stay: the router compares them decoded.
 */
export type CanonicalTarget =
  | { readonly ok: true; readonly path: string; readonly query: string }
  | { readonly ok: false; readonly reason: TargetFault };

export type TargetFault =
  | 'not-origin-form'
  | 'fragment'
  | 'character'
  | 'percent-encoding'
  | 'encoded-slash'
  | 'encoded-backslash'
  | 'encoded-control'
  | 'dots'
  | 'dot-segment-parameter'
  | 'above-root';

export interface TargetOptions {
  /** Leave %2F in a segment as data; for APIs whose identifiers contain slashes. */
  readonly allowEncodedSlash: boolean;
}

/** Already canonical: no escapes, no empty or dot segments. Most targets end here. */
const PLAIN_PATH = /^(?:\/(?!\.*(?:[/;]|$))[A-Za-z0-9\-._~!$&'()*+,;=:@]*)+\/?$|^\/$/;
const PATH_CHARACTERS = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]|^]*$/;
/** What browsers and HTTP libraries leave as it is in a path; it goes on as RFC 3986 has it. */
const LEFT_RAW = /[[\]|^]/g;
/** RFC 3986 query, plus the characters browsers and clients leave raw: [ ] { } | ^ ` " < > \ are not. */
const QUERY_CHARACTERS = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]{}|^`"<>\\]*$/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** '/..;a/' climbs for servlet containers, which cut path parameters before they resolve dots. */
const DOT_SEGMENT_PARAMETER = /\/\.{1,2}(?:;|%3B)/;
/** Dots and blanks alone: some file systems cut those off, so that '...' and '.. ' climb there. */
const DOTS = /\/(?=\s*\.)[\s.]+(?=\/|$)/;
/**
 * '%25' before two hex digits is an escape again for whoever decodes twice: harmless ones stay, for
 * the router to compare, those that would cut or end a path do not, and nobody nests four deep.
 */
const NESTED_DANGER =
  /%(?:25)+(?:[01][0-9A-Fa-f]|7[Ff]|2[EeFf]|3[Bb]|5[Cc]|[uU]00(?:2[EeFf]|3[Bb]|5[Cc]))/;
const NESTED_DEEP = /%(?:25){4}/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

export function canonicalTarget(target: string, options: TargetOptions): CanonicalTarget {
  if (target.charCodeAt(0) !== 0x2f) return fault('not-origin-form');
  if (target.includes('#')) return fault('fragment');
  const mark = target.indexOf('?');
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (query !== '') {
    if (!QUERY_CHARACTERS.test(query)) return fault('character');
    if (query.includes('%') && BROKEN_ESCAPE.test(query)) return fault('percent-encoding');
  }
  if (PLAIN_PATH.test(rawPath)) return { ok: true, path: rawPath, query };
  if (!PATH_CHARACTERS.test(rawPath)) return fault('character');
  if (BROKEN_ESCAPE.test(rawPath)) return fault('percent-encoding');
  // Decoded first: '%25%32%66' is '%252f' to whoever reads the canonical path.
  const decoded = normaliseEscapes(rawPath.replace(LEFT_RAW, escaped));
  const danger = dangerousEscape(decoded, options);
  if (danger !== null) return fault(danger);
  if (DOT_SEGMENT_PARAMETER.test(decoded)) return fault('dot-segment-parameter');
  const path = resolveDotSegments(decoded);
  if (path === null) return fault('above-root');
  const hidden = hiddenDanger(path);
  return hidden === null ? { ok: true, path, query } : fault(hidden);
}

function fault(reason: TargetFault): CanonicalTarget {
  return { ok: false, reason };
}

function dangerousEscape(path: string, options: TargetOptions): TargetFault | null {
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 3)) {
    const code = Number.parseInt(path.slice(at + 1, at + 3), 16);
    if (code === 0x2f && !options.allowEncodedSlash) return 'encoded-slash';
    if (code === 0x5c) return 'encoded-backslash';
    if (code < 0x20 || code === 0x7f) return 'encoded-control';
  }
  return NESTED_DANGER.test(path) || NESTED_DEEP.test(path) ? 'percent-encoding' : null;
}

/** What shows only where the path is decoded: broken UTF-8, and dot segments behind encoded slashes. */
function hiddenDanger(path: string): TargetFault | null {
  let text = path;
  try {
    if (path.includes('%')) text = decodeURIComponent(path);
  } catch {
    // Overlong forms of '/' and '.' among them.
    return 'percent-encoding';
  }
  // Dots and slashes of full width become plain ones where text is made compatible.
  return DOTS.test(text) || (text !== path && DOTS.test(text.normalize('NFKC'))) ? 'dots' : null;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function normaliseEscapes(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (written, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : written.toUpperCase();
  });
}

/** RFC 3986 §5.2.4 over merged slashes; null when a segment climbs above the root. */
function resolveDotSegments(path: string): string | null {
  const segments: string[] = [];
  const parts = path.split('/');
  for (let index = 1; index < parts.length; index++) {
    const part = parts[index] as string;
    const isLast = index === parts.length - 1;
    if (part === '..') {
      if (segments.length === 0) return null;
      segments.pop();
    } else if (part !== '.' && part !== '') {
      segments.push(part);
      continue;
    }
    if (isLast && segments.length > 0) segments.push('');
  }
  return `/${segments.join('/')}`;
}
