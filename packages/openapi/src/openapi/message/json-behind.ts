import { Buffer } from 'node:buffer';

/** What a lenient reader of JSON finds in bytes. */
export interface JsonBehind {
  /** In UTF-8, from its first sign on. */
  readonly bytes: Uint8Array;
  readonly isUtf8: boolean;
  /** Something stands before it that strict readers refuse. */
  readonly isPrefixed: boolean;
}

/** Of JSON, and those that other readers pass over as well. */
const BLANKS = ' \t\r\n\v\f';
/** Comments, by their end, which stands at the end of the text at the latest. */
const COMMENTS: readonly (readonly [begin: string, end: string])[] = [
  ['/*', '*/'],
  ['//', '\n'],
  ['#', '\n'],
];
/** By which services keep the scripts of other pages from reading their answers. */
const GUARDS = [")]}',", ")]}'", 'while(1);', 'for(;;);'];

/**
 * The list or object with which these bytes begin for services that look for JSON and ask neither for a media type nor
 * for a charset: Python's `json.loads` and Jackson tell the encodings of Unicode apart by their first bytes, as RFC 4627
 * §3 says, and many pass over comments.
 */
export function jsonBehind(bytes: Uint8Array): JsonBehind | undefined {
  const { text, isUtf8 } = inUtf8(bytes);
  const all = text.toString('latin1');
  let at = 0;
  let isPrefixed = false;
  for (;;) {
    while (at < all.length && BLANKS.includes(all[at] as string)) at += 1;
    const end = endOfPrefix(all, at);
    if (end === at) break;
    isPrefixed = true;
    at = end;
  }
  if (all[at] !== '{' && all[at] !== '[') return undefined;
  return { bytes: text.subarray(at), isUtf8, isPrefixed };
}

/** Behind the comment or guard that stands there; where none does, there. */
function endOfPrefix(text: string, at: number): number {
  const guard = GUARDS.find((one) => text.startsWith(one, at));
  if (guard !== undefined) return at + guard.length;
  const comment = COMMENTS.find(([begin]) => text.startsWith(begin, at));
  if (comment === undefined) return at;
  const [begin, end] = comment;
  const found = text.indexOf(end, at + begin.length);
  return found < 0 ? text.length : found + end.length;
}

function inUtf8(bytes: Uint8Array): { readonly text: Buffer; readonly isUtf8: boolean } {
  const [a, b, c, d] = bytes;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoded = (text: string) => ({
    text: Buffer.from(text.replace(/^\uFEFF/, '')),
    isUtf8: false,
  });
  if (a === 0xef && b === 0xbb && c === 0xbf) return { text: buffer.subarray(3), isUtf8: true };
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return decoded(ofUtf32(buffer, 'LE'));
  if (a === 0 && b === 0 && ((c === 0xfe && d === 0xff) || (c === 0 && d !== 0))) {
    return decoded(ofUtf32(buffer, 'BE'));
  }
  if (a !== 0 && b === 0 && c === 0 && d === 0) return decoded(ofUtf32(buffer, 'LE'));
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0)) {
    return decoded(new TextDecoder('utf-16le').decode(bytes));
  }
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0)) {
    return decoded(new TextDecoder('utf-16be').decode(bytes));
  }
  return { text: buffer, isUtf8: true };
}

function ofUtf32(bytes: Buffer, order: 'LE' | 'BE'): string {
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = order === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    text += code > 0x10ffff ? '\uFFFD' : String.fromCodePoint(code);
  }
  return text;
}
