import { isUtf8 } from 'node:buffer';
import { carriesExactly } from './decimal.ts';
import { endOfString, parseNatively } from './parse-json-text.ts';
import { EXPONENT_DIGITS_MAX, parseStrictly, type TextReading } from './strict-parser.ts';
import { type JsonTraits, mayInherit, PLAIN_TRAITS, traitsOf } from './traits.ts';
import type { JsonBounds, JsonReading, JsonValue } from './types.ts';

/**
 * Reads JSON that means one thing only: strict RFC 8259, valid UTF-8, no name twice, no digit lost.
 *
 * The native parser reads the value; a scan of the text beside it proves that nothing was lost on
 * the way (members counted against members kept, numbers short enough for a double, no name
 * escaped, see parse-json-text.ts) and that the bounds hold. Whatever is not proven goes to the strict parser, which accepts or explains.
 */
export function readJson(bytes: Uint8Array, bounds: JsonBounds): JsonReading {
  if (!isUtf8(bytes)) return refuseEncoding(bytes, bounds);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const members = countProvenMembers(text, bounds);
  if (members >= 0) {
    try {
      const value = parseNatively(text) as JsonValue;
      if (countMembers(value) === members) {
        return mayInherit(text) ? { ok: true, value, traits: POLLUTING } : { ok: true, value };
      }
    } catch {
      // Not JSON: the strict parser tells where.
    }
  }
  return readStrictly(text, bounds);
}

/**
 * The same of the text of a document, which says by `at` and `expected` what is wrong with it. A
 * surrogate may stand alone in it.
 */
export function readJsonDocument(text: string, bounds: JsonBounds): TextReading {
  const members = countProvenMembers(text, bounds);
  if (members >= 0) {
    try {
      const value = parseNatively(text) as JsonValue;
      if (countMembers(value) === members) return { ok: true, value };
    } catch {
      // Not JSON: the strict parser tells where.
    }
  }
  return parseStrictly(text, bounds, 'document');
}

/** The explaining half alone; tests hold it against the fast half. */
export function readStrictly(text: string, bounds: JsonBounds): JsonReading {
  // RFC 8259 §8.1: implementations must not add a byte order mark; we do not swallow one.
  if (text.charCodeAt(0) === 0xfeff) {
    return { ok: false, problem: { rule: 'encoding', offset: 0, pointer: '' } };
  }
  const reading = parseStrictly(text, bounds);
  if (reading.ok) {
    const traits = traitsOf(reading.value);
    return traits === PLAIN_TRAITS ? reading : { ...reading, traits };
  }
  const offset = Buffer.byteLength(text.slice(0, reading.at));
  return { ok: false, problem: { rule: reading.rule, offset, pointer: reading.pointer } };
}

const POLLUTING: JsonTraits = { hasExact: false, mayPollute: true };

const UNPROVEN = -1;

/**
 * Walks the text once: how many members it spells, or UNPROVEN where a bound, an escape or a
 * number needs the strict parser. Assumes nothing about validity; the native parser judges that.
 */
function countProvenMembers(text: string, bounds: JsonBounds): number {
  const { stringLengthMax, itemsMax, depthMax } = bounds;
  if (itemsMax < 1) return UNPROVEN;
  const length = text.length;
  const counts: number[] = [];
  let members = 0;
  let items = 1;
  // Where the next backslash stands; past the end once there is none left.
  let backslash = nextBackslash(text, 0);
  let isEscaped = false;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    // Most of a body is letters, inside strings; these are skipped in one native search.
    if (code === 34) {
      const start = at + 1;
      const end = endOfString(text, start);
      if (end < 0) return UNPROVEN;
      if (end - start > stringLengthMax) return UNPROVEN;
      isEscaped = backslash < end;
      if (isEscaped) backslash = nextBackslash(text, end);
      at = end;
    } else if (code === 58) {
      // The string before a colon is a name, and native parsing may take it for another.
      if (isEscaped) return UNPROVEN;
      members++;
    } else if (code === 44) {
      if (++items > itemsMax) return UNPROVEN;
    } else if (code === 123 || code === 91) {
      counts.push(items);
      if (counts.length > depthMax) return UNPROVEN;
      items = 1;
    } else if (code === 125 || code === 93) {
      items = counts.pop() ?? 1;
    } else if (code === 45 || (code >= 48 && code <= 57)) {
      const start = at;
      at = endOfNumber(text, at + 1);
      if (at - start > 15 || !isPlainNumber(text, start, at)) {
        if (at - start > 100 || !isProvenNumber(text.slice(start, at))) return UNPROVEN;
      }
      at--;
    }
  }
  // An escaped surrogate may stand alone; native parsing lets it through.
  if (text.includes('\\u') && SURROGATE_ESCAPE.test(text)) return UNPROVEN;
  return members;
}

const SURROGATE_ESCAPE = /\\u[dD][89abAB]|\\u[dD][c-fC-F]/;

function nextBackslash(text: string, from: number): number {
  const at = text.indexOf('\\', from);
  return at < 0 ? text.length : at;
}

function endOfNumber(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isPart =
      (code >= 48 && code <= 57) ||
      code === 46 ||
      code === 101 ||
      code === 69 ||
      code === 43 ||
      code === 45;
    if (!isPart) break;
  }
  return at;
}

/** Of a zero, a double keeps everything but the exponent, whose length has a bound. */
function isProvenNumber(number: string): boolean {
  const exponent = number.search(/[eE]/);
  if (exponent >= 0 && number.length - exponent > EXPONENT_DIGITS_MAX) return false;
  return carriesExactly(number);
}

/** At most fifteen digits and no exponent: a double returns every such decimal unchanged. */
function isPlainNumber(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 101 || code === 69) return false;
  }
  return true;
}

/** Counts the members that arrived. Recursion is bounded: the scan has checked the depth. */
function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i]!;
      if (typeof item === 'object' && item !== null) members += countMembers(item);
    }
    return members;
  }
  // for…in walks an object without an array of its names; the parser makes nothing inherited.
  for (const name in value) {
    members++;
    const member = (value as { [name: string]: JsonValue })[name];
    if (typeof member === 'object' && member !== null) members += countMembers(member);
  }
  return members;
}

function refuseEncoding(bytes: Uint8Array, bounds: JsonBounds): JsonReading {
  const offset = firstInvalidUtf8(bytes);
  const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, offset));
  const reading = parseStrictly(before, bounds);
  // The text before the fault is cut short, so it fails at the fault at the latest.
  if (!reading.ok && reading.rule !== 'syntax') return readStrictly(before, bounds);
  const pointer = reading.ok ? '' : reading.pointer;
  return { ok: false, problem: { rule: 'encoding', offset, pointer } };
}

/** Binary search over prefixes would re-read the body; a decoder's own steps do not. */
function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const size =
      lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (size === 0 || !isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return at;
}
