import { carriesExactly } from './decimal.ts';
import { parseStrictly, type TextReading } from './strict-parser.ts';
import type { JsonValue } from './types.ts';

/**
 * JSON.parse as ECMA-262 defines it, on every runtime. The one in V8 13.6 to 14.6 (Node 24 to
 * 26.10 at least, nodejs/node#63785) takes an escaped member name for another name that some earlier text
 * spelled, so that whoever may send JSON decides how the JSON of others is read. Names without a
 * backslash are not concerned. Throws SyntaxError.
 *
 * This file is the only one that may call JSON.parse; `npm run check` sees to it.
 */
export function parseJsonText(text: string): unknown {
  if (!hasEscapedName(text)) return parseNatively(text);
  const reading = parseStrictly(text, UNBOUNDED, 'platform');
  if (reading.ok) return reading.value;
  throw new SyntaxError(`not JSON at position ${reading.at}`);
}

/** For texts without an escaped name only. Throws SyntaxError. */
export function parseNatively(text: string): unknown {
  // biome-ignore lint/plugin: no name in this text is escaped, which is all that goes wrong.
  return JSON.parse(text);
}

/**
 * The same, but numbers that no double carries arrive as ExactNumber; refused with rule `number` are
 * those that are too long for it.
 */
export function parseJsonExactly(text: string): TextReading {
  if (hasEscapedName(text) || hasInexactNumber(text))
    return parseStrictly(text, UNBOUNDED, 'exact');
  try {
    return { ok: true, value: parseNatively(text) as JsonValue };
  } catch {
    return { ok: false, rule: 'syntax', at: 0, pointer: '' };
  }
}

/** Whether some number may not be what a double carries. Of text that is no JSON, either answer is right. */
function hasInexactNumber(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at + 1);
      if (at < 0) return false;
    } else if (code === MINUS || (code >= 48 && code <= 57)) {
      const start = at;
      NUMBER_PART.lastIndex = at;
      NUMBER_PART.test(text);
      at = NUMBER_PART.lastIndex;
      const number = text.slice(start, at);
      // A double carries every fifteen digits.
      if ((number.length > 15 || /e/i.test(number)) && !carriesExactly(number)) return true;
      at--;
    }
  }
  return false;
}

const NUMBER_PART = /[-+.0-9eE]+/y;

const UNBOUNDED = {
  depthMax: Number.POSITIVE_INFINITY,
  stringLengthMax: Number.POSITIVE_INFINITY,
  itemsMax: Number.POSITIVE_INFINITY,
};

/** Is there a backslash in the name of any member? Of text that is no JSON, either answer is right. */
export function hasEscapedName(text: string): boolean {
  let backslash = text.indexOf('\\');
  if (backslash < 0) return false;
  let at = 0;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return false;
    const end = endOfString(text, quote + 1);
    if (end < 0) return false;
    at = end + 1;
    if (backslash > end) continue;
    if (followedByColon(text, at)) return true;
    backslash = text.indexOf('\\', at);
    if (backslash < 0) return false;
  }
}

/** The position of the closing quote; -1 where there is none. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start);
  if (end < 0 || text.charCodeAt(end - 1) !== BACKSLASH) return end;
  // A quote after backslashes: which of them escape, only a walk from the start can tell.
  for (end = start; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) return end;
    if (code === BACKSLASH) end++;
  }
  return -1;
}

const QUOTE = 34;
const MINUS = 45;
const COLON = 58;
const BACKSLASH = 92;

function followedByColon(text: string, from: number): boolean {
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code === COLON;
  }
}
