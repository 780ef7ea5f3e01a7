import { parseJsonText } from '@poorter/openapi/json';
import { isLoopback, portFault } from '../platform/addresses/index.ts';
import { certificateFault, SYSTEM_AUTHORITIES } from '../platform/certificates/index.ts';
import { readBounded } from '../platform/http/index.ts';
import { type KeySetReading, readKeySet } from './key-set.ts';

export const DOCUMENT_BYTES_MAX = 256 * 1024;
export const FETCH_TIMEOUT_MS = 5000;
const REDIRECTS_MAX = 3;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface FetchedKeys extends KeySetReading {
  /** From Cache-Control: max-age; null when it says nothing. */
  readonly maxAgeSeconds: number | null;
}

/** The issuer's discovery document, then its key set. */
export async function fetchIssuerKeys(
  issuer: string,
  jwksUrl: string | undefined,
  fetch: Fetch,
  timeoutMs: number = FETCH_TIMEOUT_MS,
): Promise<FetchedKeys> {
  const url = jwksUrl ?? (await discoverJwksUrl(issuer, fetch, timeoutMs));
  const { value, maxAgeSeconds } = await fetchJson(url, fetch, timeoutMs);
  try {
    return { ...readKeySet(value), maxAgeSeconds };
  } catch (cause) {
    throw new Error(`reading the key set at ${url}: ${(cause as Error).message}`, { cause });
  }
}

async function discoverJwksUrl(issuer: string, fetch: Fetch, timeoutMs: number): Promise<string> {
  const failures: string[] = [];
  for (const url of discoveryUrls(issuer)) {
    let value: unknown;
    try {
      ({ value } = await fetchJson(url, fetch, timeoutMs));
    } catch (error) {
      failures.push((error as Error).message);
      continue;
    }
    const document = (value ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
    // RFC 8414 §3.3, RFC 9207: identical, or anybody's document could stand for this issuer.
    if (document.issuer !== issuer) {
      throw new Error(`${url} describes another issuer than ${issuer}; compare them exactly`);
    }
    if (typeof document.jwks_uri !== 'string') throw new Error(`${url} names no jwks_uri`);
    return document.jwks_uri;
  }
  throw new Error(failures.join('; '));
}

/** OpenID Connect Discovery appends to the path; RFC 8414 §3.1 inserts before it. */
export function discoveryUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function fetchJson(
  start: string,
  fetch: Fetch,
  timeoutMs: number,
): Promise<{ value: unknown; maxAgeSeconds: number | null }> {
  const signal = AbortSignal.timeout(timeoutMs);
  let url = checkedUrl(start);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const response = await fetch(url.href, {
        redirect: 'manual',
        signal,
        headers: { accept: 'application/json' },
      });
      const next = redirectOf(response, url);
      if (next !== null) {
        await response.body?.cancel();
        if (redirects >= REDIRECTS_MAX) throw new Error('too many redirects');
        // Another origin would decide whose signatures are believed.
        if (next.origin !== url.origin) throw new Error('it redirects to another origin');
        url = next;
        continue;
      }
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`it answers ${response.status}`);
      }
      const bytes = await readBounded(response, DOCUMENT_BYTES_MAX);
      const value: unknown = parseJsonText(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      return { value, maxAgeSeconds: maxAgeOf(response.headers.get('cache-control')) };
    }
  } catch (cause) {
    const isLate = (cause as Error).name === 'TimeoutError';
    const why = isLate ? `no whole answer within ${timeoutMs} ms` : reasonOf(cause as Error);
    throw new Error(`fetching ${start}: ${why}`, { cause });
  }
}

/** `fetch` says that it failed; why stands beneath: a refused connection, a name without address, a certificate. */
function reasonOf(error: Error): string {
  const distrust = certificateFault(error, SYSTEM_AUTHORITIES);
  if (distrust !== null) return distrust;
  const { message, cause } = error;
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? `${message} (${code})` : message;
}

/** https, except to this very machine: keys fetched in clear are whoever's stands in between. */
export function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) {
    const port = portFault(text);
    throw new Error(port === null ? `${text} is not a URL` : `${text} ${port}`);
  }
  const isHere = url.protocol === 'http:' && isLoopback(url.hostname);
  const isSafe = url.protocol === 'https:' || isHere;
  if (!isSafe) throw new Error(`${text} is not https`);
  if (url.username !== '' || url.password !== '') throw new Error('the URL carries a password');
  return url;
}

function redirectOf(response: Response, from: URL): URL | null {
  if (![301, 302, 303, 307, 308].includes(response.status)) return null;
  const location = response.headers.get('location');
  if (location === null) throw new Error(`it answers ${response.status} without a Location`);
  return checkedUrl(new URL(location, from).href);
}

function maxAgeOf(cacheControl: string | null): number | null {
  if (cacheControl === null) return null;
  if (/(^|[ \t,])no-(store|cache)($|[ \t,=])/i.test(cacheControl)) return 0;
  const found = /(?:^|[ \t,])max-age="?(\d{1,9})/i.exec(cacheControl);
  return found === null ? null : Number(found[1]);
}
