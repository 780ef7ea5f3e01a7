/** RFC 7519 sets no limit; header sections do, and no honest access token comes near this. */
export const TOKEN_LENGTH_MAX = 8192;

export type JsonMembers = Readonly<Record<string, unknown>>;

export type TokenText =
  | { readonly ok: true; readonly header: JsonMembers; readonly claims: JsonMembers }
  | { readonly ok: false; readonly reason: string };

/** Takes a JWS apart without believing a word of it. Never throws. The caller bounds its length. */
export function readTokenText(token: string): TokenText {
  const parts = token.split('.');
  if (parts.length === 5) return { ok: false, reason: 'encrypted' };
  if (parts.length !== 3) return { ok: false, reason: 'opaque' };
  const [headerPart, claimsPart, signaturePart] = parts as [string, string, string];
  if (decodeBase64url(signaturePart) === null) return { ok: false, reason: 'not-a-jwt' };
  const header = knownHeaders.get(headerPart) ?? readHeader(headerPart);
  if (typeof header === 'string') return { ok: false, reason: header };
  const claimsText = decodeText(claimsPart);
  const claims = claimsText === null ? null : readMembers(claimsText);
  if (claims === null) return { ok: false, reason: 'not-a-jwt' };
  return { ok: true, header, claims };
}

/** As many issuers sign with as many keys; tokens of one key share one text of the header. */
const HEADERS_MAX = 64;
const HEADER_LENGTH_MAX = 512;
const knownHeaders = new Map<string, JsonMembers>();

/** The members, which nobody changes, or the reason why not. */
function readHeader(part: string): JsonMembers | string {
  const text = decodeText(part);
  if (text === null) return 'not-a-jwt';
  // The library that checks the signature reads the header again, with the runtime's own parser.
  if (hasEscapedName(text)) return 'escaped-header-name';
  const header = readMembers(text);
  if (header === null) return 'not-a-jwt';
  Object.freeze(header);
  if (part.length <= HEADER_LENGTH_MAX) {
    if (knownHeaders.size >= HEADERS_MAX) knownHeaders.clear();
    knownHeaders.set(part, header);
  }
  return header;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeText(part: string): string | null {
  const bytes = decodeBase64url(part);
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function readMembers(text: string): JsonMembers | null {
  try {
    const value: unknown = parseJsonText(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return hasDuplicateNames(text) ? null : (value as JsonMembers);
  } catch {
    return null;
  }
}

/** Only the canonical spelling: a token must have one text, and so one hash. */
function decodeBase64url(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : null;
}

const JSON_MARKS = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/**
 * RFC 7519 §4: claim names are unique. Two readers of a token with two `sub` would see two people,
 * and a parser keeps the last without a word. The text is known to be valid JSON.
 */
export function hasDuplicateNames(json: string): boolean {
  const open: (Set<string> | null)[] = [];
  let expectsName = false;
  for (const [mark] of json.matchAll(JSON_MARKS)) {
    if (mark === '{' || mark === '[') {
      open.push(mark === '{' ? new Set() : null);
      expectsName = mark === '{';
    } else if (mark === '}' || mark === ']') {
      open.pop();
      expectsName = false;
    } else if (mark === ',') {
      expectsName = open.at(-1) instanceof Set;
    } else if (expectsName) {
      const names = open.at(-1);
      const name = parseJsonText(mark) as string;
      if (names?.has(name)) return true;
      names?.add(name);
      expectsName = false;
    }
  }
  return false;
}

import { hasEscapedName, parseJsonText } from '@poorter/openapi/json';
