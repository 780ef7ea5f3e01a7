import type { HeaderFields, SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import { cookieName, cookieParts, cookieText } from '@poorter/openapi/checks';

/** A credential that is given twice is no credential: two readers could each pick another one. */
export type Presented =
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

const ABSENT: Presented = { kind: 'absent' };

/** `name` in lower case. */
export function readHeader(headers: HeaderFields, name: string): Presented {
  const { flat } = headers;
  let found: string | undefined;
  for (let index = 0; index < flat.length; index += 2) {
    if (flat[index] !== name) continue;
    if (found !== undefined) return { kind: 'unreadable', reason: 'given-twice' };
    found = flat[index + 1];
  }
  return found === undefined ? ABSENT : { kind: 'value', value: found };
}

/** `name` as the API description writes it, compared after percent-decoding. */
export function readQuery(query: string, name: string): Presented {
  if (query === '') return ABSENT;
  let found: Presented = ABSENT;
  for (const pair of query.split('&')) {
    const split = pair.indexOf('=');
    const rawName = split < 0 ? pair : pair.slice(0, split);
    if (percentDecoded(rawName) !== name) continue;
    if (found.kind !== 'absent') return { kind: 'unreadable', reason: 'given-twice' };
    const value = split < 0 ? '' : percentDecoded(pair.slice(split + 1));
    found = value === null ? { kind: 'unreadable', reason: 'encoding' } : { kind: 'value', value };
  }
  return found;
}

/** RFC 6265 §4.2.1. HTTP/2 may split the field, so that all of them count as one list. */
export function readCookie(headers: HeaderFields, name: string): Presented {
  const text = cookieText(headers);
  if (text === '') return ABSENT;
  let found: string | undefined;
  for (const part of cookieParts(text)) {
    if (part.name === undefined) continue;
    if (part.name !== name) {
      if (cookieName(part.name).bare === name) return { kind: 'unreadable', reason: 'look-alike' };
      continue;
    }
    if (found !== undefined) return { kind: 'unreadable', reason: 'given-twice' };
    if (part.isQuoted) return { kind: 'unreadable', reason: 'quotes' };
    found = part.raw;
  }
  return found === undefined ? ABSENT : { kind: 'value', value: found };
}

/** The credentials after an authentication scheme name, which RFC 9110 §11.1 compares without case. */
export function readAuthorization(
  headers: HeaderFields,
  scheme: 'bearer' | 'basic' | 'dpop',
): Presented {
  const field = readHeader(headers, 'authorization');
  if (field.kind !== 'value') return field;
  const { value } = field;
  const named = value.slice(0, scheme.length).toLowerCase() === scheme;
  if (!named) return ABSENT;
  if (value.length === scheme.length) return { kind: 'unreadable', reason: 'empty' };
  if (value.charCodeAt(scheme.length) !== 0x20) return ABSENT;
  const token = value.slice(scheme.length).replace(/^ +/, '');
  // RFC 9110 §11.2 token68: letters, digits, -._~+/ and trailing '='.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return { kind: 'unreadable', reason: 'not-token68' };
  return { kind: 'value', value: token };
}

/** Where an operation's credentials travel: kept from the upstream, and known to validation. */
export function credentialNames(
  security: readonly SecurityRequirement[],
  schemes: Readonly<Record<string, SecurityScheme>>,
): { header: string[]; query: string[]; cookie: string[] } {
  const places = {
    header: new Set<string>(),
    query: new Set<string>(),
    cookie: new Set<string>(),
  };
  for (const requirement of security) {
    for (const name of Object.keys(requirement)) {
      const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
      if (scheme === undefined || scheme.type === 'mutualTLS') continue;
      if (scheme.type !== 'apiKey') places.header.add('authorization');
      else if (scheme.in === 'header') places.header.add(scheme.name.toLowerCase());
      else places[scheme.in].add(scheme.name);
    }
  }
  return { header: [...places.header], query: [...places.query], cookie: [...places.cookie] };
}

function percentDecoded(text: string): string | null {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
