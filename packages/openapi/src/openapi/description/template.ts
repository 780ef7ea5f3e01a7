import type { SegmentPlan } from '../plan.ts';

export type ReadTemplate =
  | {
      readonly ok: true;
      readonly segments: readonly SegmentPlan[];
      readonly names: readonly string[];
    }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string };

const SEGMENTS_MAX = 100;

/** '/files/{name}.{ext}' into segments that the router can match. */
export function readTemplate(path: string): ReadTemplate {
  if (!path.startsWith('/')) return { ok: false, message: 'a path must start with a slash' };
  if (/[?#]/.test(path)) {
    return {
      ok: false,
      message: 'a path carries no query and no fragment',
      suggestion: 'leave it out, and describe what it carries as query parameters',
    };
  }
  const segments: SegmentPlan[] = [];
  const names: string[] = [];
  const parts = splitSegments(path);
  if (parts.length > SEGMENTS_MAX) {
    return { ok: false, message: `a path has at most ${SEGMENTS_MAX} segments` };
  }
  for (const part of parts) {
    const segment = readSegment(part);
    if (typeof segment === 'string') return { ok: false, message: segment };
    if ('names' in segment) names.push(...segment.names);
    segments.push(segment);
  }
  if (new Set(names).size < names.length) {
    return { ok: false, message: 'a template names the same parameter twice' };
  }
  return { ok: true, segments, names };
}

/** At slashes outside braces. */
function splitSegments(path: string): string[] {
  const segments = [''];
  let isInBraces = false;
  for (const character of path.slice(1)) {
    if (character === '{') isInBraces = true;
    else if (character === '}') isInBraces = false;
    if (character === '/' && !isInBraces) segments.push('');
    else segments[segments.length - 1] += character;
  }
  return segments;
}

function readSegment(part: string): SegmentPlan | string {
  const pieces = part.split(/\{([^{}]*)\}/);
  const literals = pieces.filter((_, index) => index % 2 === 0);
  const names = pieces.filter((_, index) => index % 2 === 1);
  if (literals.some((literal) => /[{}]/.test(literal))) return 'braces do not pair up';
  if (names.some((name) => name === '')) return 'a parameter needs a name between its braces';
  if (names.length === 0) return { literal: canonicalLiteral(part) };
  if (literals.slice(1, -1).includes('')) {
    return 'two parameters with nothing between them cannot be told apart';
  }
  return { literals: literals.map(canonicalLiteral), names };
}

/**
 * One percent-encoding for every way to write a literal: what a path segment may hold decoded,
 * everything else encoded, hex in upper case. A semicolon stays as it is written, because servers
 * read the encoded one as another.
 */
export function canonicalLiteral(text: string): string {
  return text
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    .replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9._~!$&'()*+,=:@-]/.test(character) ? character : escaped.toUpperCase();
    })
    .replace(/[^A-Za-z0-9._~!$&'()*+,;=:@%-]+/gu, (run) => encodeURIComponent(run.toWellFormed()));
}

/** Templates with one key match the same paths: names do not count. */
export function templateKey(segments: readonly SegmentPlan[]): string {
  return segments
    .map((segment) => ('literal' in segment ? segment.literal : segment.literals.join('{}')))
    .join('/')
    .replaceAll('%3B', ';');
}

/** Equal for paths that the same requests fit, however their literals are written. */
export function pathShape(path: string): string {
  const template = readTemplate(path);
  return template.ok ? templateKey(template.segments) : path;
}
