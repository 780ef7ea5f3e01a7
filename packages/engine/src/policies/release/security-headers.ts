import type { HeaderFields } from '@poorter/openapi';
import type { Principal } from '../../facts.ts';

/** RFC 9111 §3.5: with these, a cache that many share knows what to do also with what a credential unlocked. */
const SAYS_FOR_WHOM =
  /(?:^|[\t ,])(?:private|no-store|public|s-maxage|must-revalidate)(?:$|[\t ,=])/i;

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
  principal: Principal | null,
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
  if (principal !== null && !answer.has('cache-control')) head.push('cache-control', 'no-store');
  // What is kept for one caller is kept for all who send no Authorization: a cookie is to caches as no credential.
  const said = answer.joined('cache-control');
  if (principal?.isBySession === true && said !== undefined && !SAYS_FOR_WHOM.test(said)) {
    head.push('cache-control', 'private');
  }
}
