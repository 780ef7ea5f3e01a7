import { parseStrictly } from './strict-parser.ts';

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
const COLON = 58;
const BACKSLASH = 92;

function followedByColon(text: string, from: number): boolean {
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code === COLON;
  }
}
