/**
 * Header fields every answer of an API should carry (OWASP REST Security Cheat Sheet); a field
 * the upstream set itself is kept.
 */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
];

export function securityHeaders(
  present: (name: string) => boolean,
  call: { readonly isTls: boolean; readonly isAuthenticated: boolean },
): string[] {
  const out: string[] = [];
  for (const [name, value] of DEFAULTS) if (!present(name)) out.push(name, value);
  if (call.isTls && !present('strict-transport-security')) {
    out.push('strict-transport-security', 'max-age=31536000');
  }
  // RFC 9111 §3.5 lets some caches keep what an API key unlocked: say no unless the upstream decided.
  if (call.isAuthenticated && !present('cache-control')) out.push('cache-control', 'no-store');
  return out;
}
