import type { HeaderFields } from '@poorter/openapi';

/** Data is never rendered; a page that an API documents may be, but not inside somebody's frame. */
const POLICY_OF_DATA = "default-src 'none'; frame-ancestors 'none'";
const POLICY_OF_PAGES = "frame-ancestors 'none'";

/**
 * Adds the header fields every answer of an API should carry (OWASP REST Security Cheat Sheet); a field
 * the upstream set itself is kept.
 */
export function addSecurityHeaders(
  head: string[],
  answer: HeaderFields,
  isTls: boolean,
  isAuthenticated: boolean,
): void {
  if (!answer.has('x-content-type-options')) head.push('x-content-type-options', 'nosniff');
  if (!answer.has('content-security-policy')) {
    const isPage = answer.get('content-type')?.toLowerCase().startsWith('text/html') === true;
    head.push('content-security-policy', isPage ? POLICY_OF_PAGES : POLICY_OF_DATA);
  }
  if (!answer.has('referrer-policy')) head.push('referrer-policy', 'no-referrer');
  if (isTls && !answer.has('strict-transport-security')) {
    head.push('strict-transport-security', 'max-age=31536000');
  }
  // RFC 9111 §3.5 lets some caches keep what an API key unlocked: say no unless the upstream decided.
  if (isAuthenticated && !answer.has('cache-control')) head.push('cache-control', 'no-store');
}
