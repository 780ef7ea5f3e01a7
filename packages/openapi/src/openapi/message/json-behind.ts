import { Buffer } from 'node:buffer';

/** A text in which a lenient reader looks for JSON. */
export interface LenientText {
  /** In UTF-8. */
  readonly bytes: Buffer;
  readonly isUtf8: boolean;
}

/** What such a reader finds there. */
export interface JsonBehind {
  readonly start: number;
  readonly end: number;
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
 * What these bytes are for services that look for JSON and ask neither for a media type nor for a charset. Python's
 * `json.loads` and Jackson tell the encodings of Unicode apart by their first bytes, as RFC 4627 §3 says.
 */
export function lenientTexts(bytes: Uint8Array): readonly LenientText[] {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = wideText(plain);
  const utf8 = { bytes: plain, isUtf8: true };
  return wide === undefined ? [utf8] : [{ bytes: Buffer.from(wide), isUtf8: false }, utf8];
}

/**
 * Where such services begin to read, in order: behind what they trim or pass over, at the first brace, and at the
 * first bracket, which may be those of a comment or of a word in brackets.
 */
export function openingsIn({ bytes }: LenientText): readonly number[] {
  const firsts = [bytes.indexOf(BRACE), bytes.indexOf(BRACKET)].filter((at) => at >= 0);
  if (firsts.length === 0) return [];
  const found = new Set([...firsts, behindPassedOver(bytes)].filter((at) => at !== undefined));
  return [...found].sort((one, other) => one - other);
}

/** To the end of the text where nothing stands before, or else to the last bracket that can close it. */
export function wholeFrom({ bytes }: LenientText, start: number): JsonBehind {
  const before = bytes.toString('utf8', 0, start);
  if (BLANK.test(before)) return { start, end: bytes.length, around: 'nothing' };
  const last = bytes.lastIndexOf(bytes[start] === BRACE ? BRACE_END : BRACKET_END);
  const end = last < start ? bytes.length : last + 1;
  const isAlone = isPassedOver(before) && isPassedOver(bytes.toString('utf8', end));
  return { start, end, around: isAlone ? 'passed-over' : 'text' };
}

/**
 * The values that stand one behind the other from there: some read the first alone (Python's `raw_decode`), some go on
 * (Go's `Decoder`, jq).
 */
export function* valuesFrom({ bytes }: LenientText, from: number): Generator<JsonBehind> {
  for (let start = from; isOpening(bytes[start]); ) {
    const end = endOfValue(bytes, start);
    if (end === undefined) return;
    yield { start, end, around: 'text' };
    start = end;
    while (BETWEEN.has(bytes[start] ?? -1)) start += 1;
  }
}

const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Blanks, commas and record separators. */
const BETWEEN: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, 0x1e, 0x00]);

export const isObjectAt = ({ bytes }: LenientText, at: number): boolean => bytes[at] === BRACE;

const isOpening = (byte: number | undefined): boolean => byte === BRACE || byte === BRACKET;

/** Behind the bracket that closes this one, if it is JSON. */
function endOfValue(bytes: Buffer, start: number): number | undefined {
  let depth = 0;
  let isText = false;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (isOpening(byte)) depth += 1;
    else if (byte === BRACE_END || byte === BRACKET_END) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/** Undefined where no bracket comes next. */
function behindPassedOver(bytes: Buffer): number | undefined {
  const text = bytes.toString();
  const passed = passedOver(text);
  if (!/^[[{]/.test(text.slice(passed, passed + 1))) return undefined;
  let skipped = 0;
  for (let at = 0; at < passed; at += 1) if (isOpening(text.charCodeAt(at))) skipped += 1;
  // Signs of the text are other bytes where some are no UTF-8; brackets are not.
  for (let at = 0; ; at += 1) {
    if (isOpening(bytes[at]) && skipped-- === 0) return at;
  }
}

const isPassedOver = (text: string): boolean => passedOver(text) === text.length;

/** How much of the beginning readers trim or pass over. */
function passedOver(text: string): number {
  let rest = text;
  while (rest !== '') {
    const [taken] = TRIMMED.exec(rest) ?? GUARD.exec(rest) ?? COMMENT.exec(rest) ?? [];
    if (taken === undefined) break;
    const end = taken === '/*' ? rest.indexOf('*/', 2) + 2 : taken.length;
    if (end < taken.length) break;
    rest = rest.slice(end);
  }
  return text.length - rest.length;
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
