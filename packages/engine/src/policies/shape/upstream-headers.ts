import { cookieParts, cookieReadings, listMembers } from '@poorter/openapi/checks';
import type { RequestFacts } from '../../facts.ts';
import { isSaidByProxies, plainName } from './said-by-proxies.ts';

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
  // Behind CGI it is HTTP_PROXY, through which clients of that service then call.
  'proxy',
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
]);
/** Carries the id of the call, unless the operation describes it: then it is the caller's. */
const REQUEST_ID = 'x-request-id';
const OWN_PREFIX = 'poorter-';
/** Ours too, as a caller may guess that they are called. */
const LIKE_OWN = /^(?:x-|http-)*poorter(?:-|$)/;
const OWN_REQUEST_ID = 'poorter-request-id';
/**
 * Of what proxies say of a caller, that which no description lets through. The rest of those
 * families passes where the operation describes exactly that field, see said-by-proxies.ts.
 */
const SAID_BY_PROXIES = new RegExp(
  `^(?:${[
    'x-forwarded(?:-.+)?',
    'x-original-.+',
    // nginx, HAProxy, Apache, Traefik, Azure, AWS and others on TLS and client certificates
    '(?:x-)?(?:ssl|tls|mtls)(?:-.+)?',
    '(?:x-)?(?:(?:ssl|tls|mtls)-?)?client-?(?:cert|certificate|verify|verified|dn|s-?dn|i-?dn|subject|issuer|serial|fingerprint|ssl|tls|mtls|chain)(?:-.+)?',
    '(?:x-)?(?:peer|remote|verified)-?(?:cert|certificate)(?:-.+)?',
    'x-arr-(?:client-?cert|ssl)(?:-.+)?',
    'x-amzn-(?:mtls|tls|oidc)-.+',
    'x-haproxy-.+',
    // sign-in gateways on who the caller is
    '(?:x-)?remote-(?:user|groups?|email|name|extra)(?:-.+)?',
    'x-auth-request-.+',
    'x-authenticated-.+',
    'x-(?:anonymous-)?consumer(?:-.+)?',
    'x-credential-(?:identifier|username)',
    'x-ms-client-principal(?:-.+)?',
    'x-goog-(?:authenticated-user|iap)-.+',
    'x-(?:endpoint|apigateway)-api-userinfo',
    'cf-access-.+',
    'x-envoy-.+',
    'x-webauth-.+',
  ].join('|')})$`,
);

export interface ShapeOptions {
  /** Header names that carried the caller's credential. */
  readonly credentialHeaders: readonly string[];
  readonly credentialCookies: readonly string[];
  readonly documented: DocumentedFields;
  /** Answers are validated: ask for the whole of them, uncompressed. */
  readonly wantsPlainAnswer: boolean;
}

/** The header parameters of an operation. */
export interface DocumentedFields {
  /** Lower-case. */
  readonly names: ReadonlySet<string>;
  /** The same as a service may read them that takes all signs in a name for one. */
  readonly plainNames: ReadonlySet<string>;
}

export function documentedFields(names: readonly string[]): DocumentedFields {
  return { names: new Set(names), plainNames: new Set(names.map(plainName)) };
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
  const idField = options.documented.names.has(REQUEST_ID) ? OWN_REQUEST_ID : REQUEST_ID;
  out.push(idField, request.id);
  if (identity !== null) out.push('poorter-identity', identity);
  return out;
}

interface Kind {
  readonly plain: string;
  readonly travels: 'never' | 'documented' | 'unless-alike';
}

/** Callers choose names, so that what is remembered of them is bounded. */
const REMEMBERED_MAX = 2_048;
const remembered = new Map<string, Kind>();

function kindOf(name: string): Kind {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const plain = plainName(name);
  const kind: Kind = { plain, travels: judged(name, plain) };
  // Emptied when full: names that somebody made up must not keep out those that everybody sends.
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(name, kind);
  return kind;
}

function judged(name: string, plain: string): Kind['travels'] {
  if (plain === REQUEST_ID) return name === plain ? 'documented' : 'never';
  // As a service of CGI calls what it got, so some look for it under that name too.
  const bare = plain.replace(/^(?:http-)+/, '');
  if (isManaged(name) || isManaged(plain) || isManaged(bare)) return 'never';
  // 'x_n' and 'x-n' are one behind CGI and its heirs: what is described and what was checked must be this.
  return name.includes('_') || isSaidByProxies(plain) ? 'documented' : 'unless-alike';
}

function isManaged(name: string): boolean {
  return (
    HOP_BY_HOP.has(name) || MANAGED.has(name) || LIKE_OWN.test(name) || SAID_BY_PROXIES.test(name)
  );
}

function travels(name: string, named: readonly string[], options: ShapeOptions): boolean {
  const kind = kindOf(name);
  if (kind.travels === 'never') return false;
  if (named.length > 0 && named.includes(name)) return false;
  const { credentialHeaders, documented } = options;
  if (credentialHeaders.includes(name) || credentialHeaders.includes(kind.plain)) return false;
  if (
    options.wantsPlainAnswer &&
    (name === 'accept-encoding' || name === 'range' || name === 'if-range')
  ) {
    return false;
  }
  if (documented.names.has(name)) return true;
  return kind.travels === 'unless-alike' && !documented.plainNames.has(kind.plain);
}

/** Of these names, in lower case, those that callers can send to a service where `described` is described. */
export function fieldsLetThrough(
  names: readonly string[],
  described: readonly string[],
): readonly string[] {
  const options: ShapeOptions = {
    ...{ credentialHeaders: [], credentialCookies: [], wantsPlainAnswer: false },
    documented: documentedFields(described),
  };
  return names.filter((name) => travels(name, [], options));
}

/** With these a service takes the call for another one, described or not. No proxy writes them. */
const OVERRIDES = new Set([
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
  ...['x-rewrite-url', 'x-original-url'],
]);

/**
 * For a host that takes nothing out, as a proxy forwards the call as it came: a field that would have to
 * be, because a service may read it as another operation, or as a described field that was checked.
 */
export function unforwardableField(
  { headers }: RequestFacts,
  { documented }: ShapeOptions,
): string | null {
  const { flat } = headers;
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string;
    const { plain } = kindOf(name);
    if (OVERRIDES.has(plain)) return name;
    if (!documented.names.has(name) && documented.plainNames.has(plain)) return name;
  }
  return null;
}

/** Names listed in Connection: they end at this hop, and go before we add fields of our own. */
function connectionOptions(request: RequestFacts): readonly string[] {
  const connection = request.headers.joined('connection');
  if (connection === undefined) return [];
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return [];
  return listMembers(lower);
}

/** Cut out is all that some service may read as one of these, with the quotes that it stands in. */
function withoutCookies(header: string, names: readonly string[]): string {
  const credentials = readingsOf(names);
  const isCredential = (name: string) => cookieReadings(name).some((one) => credentials.has(one));
  const kept: string[] = [];
  let cut = false;
  let quotedFrom = 0;
  let isQuoteCut = false;
  for (const { text, name, inner, isQuoted, opensQuotes } of cookieParts(header)) {
    if (!isQuoted) {
      quotedFrom = kept.length;
      isQuoteCut = false;
    }
    const isCut = isCredential(name ?? text) || inner.some(isCredential);
    // Half of a quoted text would draw in what follows.
    if (isCut && (isQuoted || opensQuotes)) {
      kept.length = quotedFrom;
      isQuoteCut = true;
    }
    cut ||= isCut;
    if (!isCut && !isQuoteCut && text !== '') kept.push(text);
  }
  return cut ? kept.join('; ') : header;
}

const known = new WeakMap<readonly string[], ReadonlySet<string>>();

function readingsOf(names: readonly string[]): ReadonlySet<string> {
  let readings = known.get(names);
  if (readings === undefined) {
    readings = new Set(names.flatMap(cookieReadings));
    known.set(names, readings);
  }
  return readings;
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
