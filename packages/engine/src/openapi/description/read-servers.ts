import { ownMember, plainText } from '../document/pointer.ts';
import { child, type Place } from '../document/remarks.ts';
import type { Reading } from './reading.ts';
import { canonicalLiteral } from './template.ts';

/** Distinct path parts of the servers' URLs, in document order; undefined where none is declared. */
export function readBasePaths(place: Place, reading: Reading): readonly string[] | undefined {
  if (ownMember(place.value, 'servers') === undefined) return undefined;
  const paths = new Set<string>();
  for (const at of reading.list(place, 'servers')) {
    const isBare = typeof at.value === 'string';
    if (isBare) reading.readAs(at, 'the url of a server', `write 'url: ${at.value}'`);
    const server = isBare ? { ...at, value: { url: at.value } } : reading.object(at, 'server');
    if (server === undefined) continue;
    const path = basePath(server, reading);
    if (path !== undefined) paths.add(path);
  }
  return paths.size === 0 ? undefined : [...paths];
}

function basePath(server: Place, reading: Reading): string | undefined {
  const url = reading.text(server, 'url');
  if (url === undefined) {
    if (ownMember(server.value, 'url') === undefined) {
      reading.remarks.warn('server-without-url', server, 'a server without a URL serves nothing');
    }
    return undefined;
  }
  const variables = new Map(
    reading.map(server, 'variables').map(([name, at]) => [name, reading.documents.follow(at)]),
  );
  const filled = url.replace(/\{([^{}]*)\}/g, (placeholder, name: string) => {
    const value = ownMember(variables.get(name)?.value, 'default');
    // A port or version is often written unquoted.
    return value === '' ? '' : plainText(value) || placeholder;
  });
  const path = filled.replace(/^(?:[^/?#:]*:)?\/\/[^/?#]*/, '').replace(/[?#].*$/s, '');
  if (path === filled && /^[^/{]*[.:][^/]/.test(path) && !path.startsWith('.')) {
    reading.remarks.warn(
      'relative-server',
      child(server, 'url'),
      `without scheme, this URL is relative: paths begin with /${path}`,
      `did you mean 'https://${path}'?`,
    );
  }
  if (/[{}]/.test(path.replaceAll(/\{[^{}/]+\}/g, ''))) {
    const message = 'the braces in the path of this server do not pair up';
    reading.remarks.error('server-variable', child(server, 'url'), message);
    return undefined;
  }
  if (path.includes('{')) {
    reading.remarks.warn(
      'server-variable',
      child(server, 'url'),
      'a variable in the path of this server has no default: any text may stand there',
      "give it a 'default' under 'variables'",
    );
  }
  return canonicalPath(path);
}

/** Variables without default stay as they are written. */
function canonicalSegment(segment: string): string {
  const pieces = segment.split(/(\{[^{}]*\})/);
  return pieces.map((piece) => (piece.startsWith('{') ? piece : canonicalLiteral(piece))).join('');
}

/** Rooted, without dot segments and trailing slashes. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(canonicalSegment(segment));
  }
  return segments.map((segment) => `/${segment}`).join('');
}
