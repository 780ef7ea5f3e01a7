import { cookieName, listMembers, trimBlanks } from '../../blanks.ts';
import type { RequestFacts } from '../../facts.ts';

/** RFC 9110 §7.6.1 and what proxies of the past added to it: meant for one connection only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Written by the gate alone; whatever the caller sent under these names is dropped. */
const MANAGED = new Set([
  'host',
  'content-length',
  'expect',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-uri',
  'x-forwarded-method',
  'x-forwarded-client-cert',
  'x-forwarded-user',
  'x-forwarded-tls-client-cert',
  'x-client-cert',
  'x-ssl-client-cert',
  'client-cert',
  'client-cert-chain',
  'x-real-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-url',
  'x-original-uri',
  'x-original-method',
  'x-original-host',
  'x-rewrite-url',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-request-id',
]);
const OWN_PREFIX = 'poorter-';

export interface ShapeOptions {
  /** Header names that carried the caller's credential. */
  readonly credentialHeaders: readonly string[];
  readonly credentialCookies: readonly string[];
  /** Answers are validated: ask for the whole of them, uncompressed. */
  readonly wantsPlainAnswer: boolean;
}

/** Everything the upstream receives as header fields, except Host and framing: name, value, … */
export function upstreamHeaders(
  request: RequestFacts,
  scheme: 'http' | 'https',
  identity: string | null,
  options: ShapeOptions,
): string[] {
  const { flat } = request.headers;
  const named = connectionOptions(request);
  const out: string[] = [];
  let host = '';
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string;
    if (name === 'host') host = flat[index + 1] as string;
    if (!travels(name, named, options)) continue;
    const value = flat[index + 1] as string;
    if (name === 'cookie' && options.credentialCookies.length > 0) {
      const rest = withoutCookies(value, options.credentialCookies);
      if (rest !== '') out.push(name, rest);
      continue;
    }
    out.push(name, value);
  }
  if (options.wantsPlainAnswer) out.push('accept-encoding', 'identity');
  out.push('x-forwarded-for', request.clientAddress, 'x-forwarded-proto', scheme);
  if (host !== '') out.push('x-forwarded-host', host);
  out.push('x-request-id', request.id);
  if (identity !== null) out.push('poorter-identity', identity);
  return out;
}

function travels(name: string, named: readonly string[], options: ShapeOptions): boolean {
  if (HOP_BY_HOP.has(name) || MANAGED.has(name) || name.startsWith(OWN_PREFIX)) return false;
  if (named.length > 0 && named.includes(name)) return false;
  if (options.credentialHeaders.includes(name)) return false;
  if (
    options.wantsPlainAnswer &&
    (name === 'accept-encoding' || name === 'range' || name === 'if-range')
  ) {
    return false;
  }
  // 'x_forwarded_for' and 'x.forwarded.for' become the managed name again behind CGI and its heirs.
  if (name.includes('_') || name.includes('.')) {
    const plain = name.replace(/[_.]/g, '-');
    return !(
      HOP_BY_HOP.has(plain) ||
      MANAGED.has(plain) ||
      plain.startsWith(OWN_PREFIX) ||
      options.credentialHeaders.includes(plain)
    );
  }
  return true;
}

/** Names listed in Connection: they end at this hop, and go before we add fields of our own. */
function connectionOptions(request: RequestFacts): readonly string[] {
  const connection = request.headers.joined('connection');
  if (connection === undefined) return [];
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return [];
  return listMembers(lower);
}

function withoutCookies(header: string, names: readonly string[]): string {
  return header
    .split(';')
    .filter((pair) => {
      const equals = pair.indexOf('=');
      const { name, bare } = cookieName(equals === -1 ? pair : pair.slice(0, equals));
      return !names.includes(name) && !names.includes(bare);
    })
    .map(trimBlanks)
    .filter((pair) => pair !== '')
    .join('; ');
}

/** The query without credential parameters; the rest keeps its bytes. */
export function withoutQueryParameters(query: string, names: readonly string[]): string {
  if (names.length === 0 || query === '') return query;
  return query
    .split('&')
    .filter((pair) => {
      const equals = pair.indexOf('=');
      const raw = equals === -1 ? pair : pair.slice(0, equals);
      return !names.includes(decoded(raw));
    })
    .join('&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return text;
  }
}

/** Fields of an answer that end at this hop or would tell strangers what runs behind the gate. */
export function isPrivateAnswerHeader(name: string, named: readonly string[]): boolean {
  return (
    HOP_BY_HOP.has(name) ||
    name === 'content-length' ||
    name === 'server' ||
    name === 'x-powered-by' ||
    name === 'x-aspnet-version' ||
    name === 'x-aspnetmvc-version' ||
    name.startsWith(OWN_PREFIX) ||
    named.includes(name)
  );
}
