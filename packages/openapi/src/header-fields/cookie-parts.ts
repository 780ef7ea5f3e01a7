import { cutTexts, likeness } from '../likeness.ts';
import { cookieName, foldedCookieName, trimBlanks } from './blanks.ts';
import type { HeaderFields } from './header-fields.ts';

/** What stands between two semicolons of Cookie, and what services may make of it. */
export interface CookiePart {
  /** Without the blanks around it. */
  readonly text: string;
  /** RFC 6265 §5.2: what stands before the first '='; undefined where there is none. */
  readonly name: string | undefined;
  readonly raw: string;
  /** The value has blanks before or behind it, which PHP keeps. */
  readonly isPadded: boolean;
  /** Names that somebody reads in the value, behind a blank, a comma or a closing quote. */
  readonly inner: readonly string[];
  /** Within quotes that an earlier part opened: who heeds quotes reads no cookie here. */
  readonly isQuoted: boolean;
  /** Quotes that it opens end in a later part, or nowhere. */
  readonly opensQuotes: boolean;
}

/** What is visible but for what ends a name or a value for some: quotes, commas, brackets, backslashes. */
const TOKEN = '\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c\\x3e-\\x5a\\x5e-\\x7e';
/** Not behind a quote that begins a value; with what PHP reads as an array. */
const INNER_NAME = new RegExp(
  `(?<=^|[^${TOKEN}="]|[^=]")([${TOKEN}]+(?:\\[[^\\x00-\\x20\\x7f-\\uffff,;="[\\]]*\\])?)[^${TOKEN}=]*=`,
  'g',
);
const SEPARATOR = new RegExp(`[^${TOKEN}=]`);
const WORD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BLANKS = /[^\x21-\x2b\x2d-\x7e]+/;

/** All fields as one (RFC 9113 §8.2.3), however many cookies: the header section is their bound. */
export function cookieText(headers: HeaderFields): string {
  return headers.all('cookie').join('; ');
}

export function cookieParts(text: string): CookiePart[] {
  const parts: CookiePart[] = [];
  let isQuoted = false;
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? undefined : trimBlanks(part.slice(0, equals));
    const written = equals < 0 ? '' : part.slice(equals + 1);
    const raw = trimBlanks(written);
    const isOpen: boolean = isQuoted
      ? closingQuote(part, 0) < 0
      : raw.startsWith('"') && closingQuote(raw, 1) < 0;
    parts.push({
      text: trimBlanks(part),
      name,
      raw,
      isPadded: raw.length < written.length,
      inner: innerNames(part, name, raw),
      isQuoted,
      opensQuotes: isOpen && !isQuoted,
    });
    isQuoted = isOpen;
  }
  return parts;
}

/** -1: none that no backslash escapes. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function endOfQuotes(raw: string): number {
  const end = closingQuote(raw, 1);
  return end < 0 ? raw.length : end + 1;
}

const NONE: readonly string[] = [];

function innerNames(part: string, name: string | undefined, raw: string): readonly string[] {
  const written = trimBlanks(part);
  if (name === undefined) return BLANKS.test(written) ? written.split(BLANKS) : NONE;
  // Browsers send a cookie without a name as its value alone.
  const text = name === '' ? written.replace(/^[\s="']+/, '') : written;
  if (!text.includes('=') || (name !== '' && !SEPARATOR.test(text))) return NONE;
  // Quotes that do not end are none for some.
  const isOpen = raw.startsWith('"') && closingQuote(raw, 1) < 0;
  const found = [...(isOpen ? `${name}= ${raw.slice(1)}` : text).matchAll(INNER_NAME)].map(
    ([, inner = '']) => inner,
  );
  if (found[0] === name) found.shift();
  // aiohttp reads words without '=' as cookies without a value.
  const words = [...name.split(BLANKS).slice(0, -1)];
  const behind = raw.startsWith('"') ? raw.slice(endOfQuotes(raw)) : raw;
  words.push(...behind.split(BLANKS).slice(1));
  found.push(...words.filter((word) => WORD.test(word)));
  return found;
}

const PLAIN = /^[A-Za-z0-9_-]+$/;

/**
 * A name as services may compare it: without what surrounds it, decoded, in one case; and as PHP
 * does, which reads an array in brackets and '_' for dots and blanks.
 */
export function cookieReadings(written: string): readonly string[] {
  if (PLAIN.test(written)) return [written.toLowerCase()];
  const { name, bare } = cookieName(written);
  const folded = foldedCookieName(name);
  const [alike = '', ...cut] = cutTexts(folded).map(likeness);
  const underscored = (text: string) => text.replaceAll(/[ .[]/g, '_');
  return [
    ...new Set([
      likeness(foldedCookieName(bare)),
      alike,
      cookieName(alike).bare.replaceAll(/^['`]+|['`]+$/g, ''),
      ...cut,
      ...[alike, ...cut].flatMap((text) => [
        underscored(text),
        underscored(text.replace(/(?<=.)\[.*$/s, '')),
      ]),
    ]),
  ];
}
