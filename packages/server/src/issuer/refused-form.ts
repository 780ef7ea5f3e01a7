import { type ProblemCode, problems } from '@poorter/engine';

/** Where programs ask, and read their answer as OAuth has it. */
const ENDPOINTS: ReadonlySet<string> = new Set([
  ...[
    '/token',
    '/token/introspection',
    '/token/revocation',
    '/request',
    '/device/auth',
    '/backchannel',
    '/authorize-challenge',
  ],
]);

/**
 * What a client reads of a refusal by our own gate: `error`, by the words of RFC 6749 §5.2. Null: nobody reads it there.
 * The library never saw the call, and its form may be anybody's.
 */
export function oauthErrorOf(
  code: ProblemCode,
  target: string | undefined,
): { readonly error: string; readonly error_description: string } | null {
  const path = (target ?? '').split('?', 1)[0] ?? '';
  const { status, title } = problems[code];
  const registers = /^\/reg(?:\/|$)/.test(path);
  // RFC 7591 §3.2.2.
  if (registers && status === 400) {
    return { error: 'invalid_client_metadata', error_description: title };
  }
  if (!registers && !ENDPOINTS.has(path)) return null;
  return { error: errorOf(status), error_description: title };
}

function errorOf(status: number): string {
  if (status === 403) return 'access_denied';
  // RFC 6749 §4.1.2.1 has these words, for servers that cannot answer now.
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
