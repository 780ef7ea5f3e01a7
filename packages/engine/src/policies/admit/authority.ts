/** `a.example.` is `a.example`, written out (RFC 3986 §3.2.2): one name, whoever compares it. */
export function canonicalHost(host: string): string {
  const dotted = /^([^[\]:]*[^.:])\.(:[0-9]+)?$/.exec(host);
  return dotted === null ? host : `${dotted[1]}${dotted[2] ?? ''}`;
}

/** The parts of a request target in absolute form (RFC 9112 §3.2.2). */
export interface AbsoluteTarget {
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  /** The same in origin form. */
  readonly origin: string;
}

const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;

/** null: another form, or another scheme. The authority is as it was written, user information and all. */
export function absoluteTarget(target: string): AbsoluteTarget | null {
  const parts = ABSOLUTE.exec(target);
  if (parts === null) return null;
  const [, scheme, authority, rest] = parts as unknown as [string, string, string, string];
  return {
    scheme: scheme.toLowerCase() as AbsoluteTarget['scheme'],
    authority,
    // RFC 3986 §6.2.3: an empty path is '/'.
    origin: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

/** Do both name the same authority, under this scheme? */
export function isSameAuthority(left: string, right: string, scheme: string): boolean {
  return comparable(left, scheme) === comparable(right, scheme);
}

function comparable(authority: string, scheme: string): string {
  const port = scheme === 'https' ? /:0*443$/ : /:0*80$/;
  return canonicalHost(authority.toLowerCase()).replace(port, '');
}
