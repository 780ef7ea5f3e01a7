import { isIpv4, isIpv6 } from './ip.ts';

/** Characters of the parts of a URI (RFC 3986) or an IRI (RFC 3987). */
interface Alphabet {
  readonly userInfo: RegExp;
  readonly host: RegExp;
  readonly path: RegExp;
  readonly query: RegExp;
  readonly fragment: RegExp;
}

const PLAIN = "A-Za-z0-9._~!$&'()*+,;=\\-";
const UCS = `\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}${Array.from(
  { length: 14 },
  (_, i) => `\\u{${(i + 1).toString(16)}0000}-\\u{${(i + 1).toString(16)}fffd}`,
).join('')}`;
const PRIVATE = '\\u{e000}-\\u{f8ff}\\u{f0000}-\\u{ffffd}\\u{100000}-\\u{10fffd}';

const URI = alphabet('', '');
const IRI = alphabet(UCS, PRIVATE);

function alphabet(more: string, inQuery: string): Alphabet {
  const only = (chars: string) =>
    new RegExp(`^(?:[${PLAIN}${more}${chars}]|%[0-9A-Fa-f]{2})*$`, 'u');
  return {
    userInfo: only(':'),
    host: only(''),
    path: only(':@/'),
    query: only(`:@/?${inQuery}`),
    fragment: only(':@/?'),
  };
}

// RFC 3986 appendix B. Each class excludes the delimiter that follows, so there is one way to read.
const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/u;

export const isUri = (text: string): boolean => isReference(text, URI, true);
export const isUriReference = (text: string): boolean => isReference(text, URI, false);
export const isIri = (text: string): boolean => isReference(text, IRI, true);
export const isIriReference = (text: string): boolean => isReference(text, IRI, false);

function isReference(text: string, chars: Alphabet, isAbsolute: boolean): boolean {
  const parts = PARTS.exec(text);
  if (parts === null) return false;
  const [, scheme, authority, path, query, fragment] = parts;
  if (scheme === undefined) {
    // RFC 3986 §4.2: a first segment with a colon would read as a scheme.
    if (isAbsolute || (authority === undefined && /^[^/]*:/.test(path!))) return false;
  } else if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) return false;
  if (authority !== undefined) {
    if (!isAuthority(authority, chars)) return false;
    if (path !== '' && !path!.startsWith('/')) return false;
  } else if (path!.startsWith('//')) return false;
  return (
    chars.path.test(path!) &&
    (query === undefined || chars.query.test(query)) &&
    (fragment === undefined || chars.fragment.test(fragment))
  );
}

function isAuthority(authority: string, chars: Alphabet): boolean {
  const at = authority.lastIndexOf('@');
  if (at >= 0 && !chars.userInfo.test(authority.slice(0, at))) return false;
  const place = authority.slice(at + 1);
  const literal = /^\[([^\]]*)\](?::[0-9]*)?$/.exec(place);
  if (literal !== null) return isIpv6(literal[1]!) || isFutureAddress(literal[1]!);
  const [host, port, ...rest] = place.split(':');
  if (rest.length > 0 || (port !== undefined && !/^[0-9]*$/.test(port))) return false;
  return isIpv4(host!) || chars.host.test(host!);
}

const isFutureAddress = (text: string): boolean =>
  /^[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$/.test(text);

const LITERAL = new RegExp(
  // RFC 6570 §2.1: no control, space, ", ', <, >, \\, ^, `, {, | or }; % only as an escape.
  `^(?:[!#$&()*+,\\-./0-;=?@A-Z[\\]_a-z~${UCS}${PRIVATE}]|%[0-9A-Fa-f]{2})*$`,
  'u',
);
const VARIABLE_CHAR = '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})';
const VARIABLE = new RegExp(
  `^${VARIABLE_CHAR}+(?:\\.${VARIABLE_CHAR}+)*(?::[1-9][0-9]{0,3}|\\*)?$`,
);

/** RFC 6570: literals and {expressions}; the operators reserved for extensions are no templates. */
export function isUriTemplate(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    if (!LITERAL.test(text.slice(at, open < 0 ? text.length : open))) return false;
    if (open < 0) return true;
    const close = text.indexOf('}', open);
    if (close < 0) return false;
    const expression = text.slice(open + 1, close).replace(/^[+#./;?&]/, '');
    if (!expression.split(',').every((variable) => VARIABLE.test(variable))) return false;
    at = close + 1;
  }
  return true;
}
