import { Buffer } from 'node:buffer';

/** What a lenient reader of JSON finds in bytes. */
export interface JsonBehind {
  /** In UTF-8, from the first bracket to the end, or to the last bracket where something stands before. */
  readonly bytes: Uint8Array;
  readonly isUtf8: boolean;
  /** What stands before it, or around: nothing but blanks, what readers trim or pass over, or text. */
  readonly around: 'nothing' | 'passed-over' | 'text';
}

const BLANK = /^[ \t\r\n\v\f]*$/;
/**
 * What some reader takes away: blanks, controls and marks of any language, bytes that are no UTF-8, comments, and guards
 * by which services keep the scripts of other pages from reading their answers.
 */
const TRIMMED = /^[\s\p{C}\p{Z}\uFFFD]+/u;
const COMMENT = /^(?:\/\/|#)[^\n\r\u2028\u2029]*[\n\r\u2028\u2029]|^\/\*/;
const GUARD = /^(?:\)\]\}'?,?|while ?\((?:1|true)\) ?;|for ?\(;;\) ?;|throw 1;|&&&START&&&)/;

/**
 * The list or object that these bytes are for services that look for JSON and ask neither for a media type nor for a
 * charset. Python's `json.loads` and Jackson tell the encodings of Unicode apart by their first bytes, as RFC 4627 §3
 * says; others decode what they can, trim, pass over comments, or look for what stands between brackets.
 */
export function jsonBehind(bytes: Uint8Array): readonly JsonBehind[] {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = wideText(plain);
  const found = [
    wide === undefined ? undefined : within(Buffer.from(wide), false),
    within(plain, true),
  ];
  return found.filter((one) => one !== undefined);
}

function within(text: Buffer, isUtf8: boolean): JsonBehind | undefined {
  const first = firstOpening(text);
  if (first < 0) return undefined;
  const before = text.toString('utf8', 0, first);
  if (BLANK.test(before)) return { bytes: text.subarray(first), isUtf8, around: 'nothing' };
  const last = text.lastIndexOf(text[first] === BRACE ? 0x7d : 0x5d);
  const end = last < first ? text.length : last + 1;
  const isAlone = isPassedOver(before) && isPassedOver(text.toString('utf8', end));
  return { bytes: text.subarray(first, end), isUtf8, around: isAlone ? 'passed-over' : 'text' };
}

const BRACE = 0x7b;
const BRACKET = 0x5b;

function firstOpening(text: Buffer): number {
  const places = [text.indexOf(BRACE), text.indexOf(BRACKET)].filter((at) => at >= 0);
  return places.length === 0 ? -1 : Math.min(...places);
}

function isPassedOver(text: string): boolean {
  let rest = text;
  while (rest !== '') {
    const [taken] = TRIMMED.exec(rest) ?? GUARD.exec(rest) ?? COMMENT.exec(rest) ?? [];
    if (taken === undefined) return false;
    const end = taken === '/*' ? rest.indexOf('*/', 2) + 2 : taken.length;
    if (end < taken.length) return false;
    rest = rest.slice(end);
  }
  return true;
}

/** Of two or four bytes a sign, by a mark or by where its NULs stand. */
function wideText(bytes: Buffer): string | undefined {
  const [a, b, c, d] = bytes;
  if (bytes.length < 2 || (a !== 0 && b !== 0 && !isMark(a, b))) return undefined;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return ofUtf32(bytes, 'LE');
  if (a === 0 && b === 0 && (c === 0xfe || c === 0)) return ofUtf32(bytes, 'BE');
  if (a !== 0 && b === 0 && c === 0 && d === 0) return ofUtf32(bytes, 'LE');
  const isBig = a === 0 || a === 0xfe;
  return new TextDecoder(isBig ? 'utf-16be' : 'utf-16le').decode(bytes);
}

const isMark = (a: number | undefined, b: number | undefined): boolean =>
  (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);

function ofUtf32(bytes: Buffer, order: 'LE' | 'BE'): string {
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = order === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    text += code > 0x10ffff ? '\uFFFD' : String.fromCodePoint(code);
  }
  return text;
}
