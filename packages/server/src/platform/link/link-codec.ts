import { parseJsonText } from '@poorter/openapi/json';

/** Bytes inside a message travel as base64 under a name that no message uses. */
const BYTES = '$bytes';

/** Plain data with Uint8Arrays in it, as one JSON text. */
export function encodeMessage(message: object): string {
  return JSON.stringify(message, (_, value: unknown) =>
    value instanceof Uint8Array
      ? { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64') }
      : bufferless(value),
  );
}

/** Pieces of a large message are about this long. */
const PIECE_CHARS = 131_072;
/** Items of a list that are spelled at once. */
const ITEMS_AT_ONCE = 200;
/** So deep a message is looked into for what is large. */
const DEPTH_MAX = 6;

/** The same text, a piece at a time: between two of them, others may be served. */
export function* encodeInPieces(message: object): Generator<string> {
  let piece = '';
  for (const text of textsOf(message, 0)) {
    piece += text;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function* textsOf(value: unknown, depth: number): Generator<string> {
  if (value instanceof Uint8Array) yield* textsOfBytes(value);
  else if (depth === DEPTH_MAX || typeof value !== 'object' || value === null) {
    yield encodeMessage(value as object);
  } else if (Array.isArray(value)) yield* textsOfList(value, depth);
  else {
    let sign = '{';
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue;
      yield `${sign}${JSON.stringify(name)}:`;
      yield* textsOf(member, depth + 1);
      sign = ',';
    }
    yield sign === '{' ? '{}' : '}';
  }
}

function* textsOfList(list: readonly unknown[], depth: number): Generator<string> {
  let sign = '[';
  if (list.length <= ITEMS_AT_ONCE) {
    for (const item of list) {
      yield sign;
      yield* textsOf(item ?? null, depth + 1);
      sign = ',';
    }
    return yield sign === '[' ? '[]' : ']';
  }
  for (let at = 0; at < list.length; at += ITEMS_AT_ONCE) {
    yield `${sign}${encodeMessage(list.slice(at, at + ITEMS_AT_ONCE)).slice(1, -1)}`;
    sign = ',';
  }
  yield ']';
}

function* textsOfBytes({ buffer, byteOffset, length }: Uint8Array): Generator<string> {
  const bytes = Buffer.from(buffer, byteOffset, length);
  // Three bytes are four characters: nothing is padded in the middle.
  const step = (PIECE_CHARS / 4) * 3;
  yield `{"${BYTES}":"`;
  for (let at = 0; at < bytes.length; at += step) {
    yield bytes.subarray(at, at + step).toString('base64');
  }
  yield '"}';
}

/** Throws SyntaxError. */
export function decodeMessage(text: string): unknown {
  return withBytes(parseJsonText(text));
}

/** Puts the bytes back, innermost first. What a message nests is bounded by its length. */
function withBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    if (typeof member === 'object' && member !== null) members[name] = withBytes(member);
  }
  const { [BYTES]: bytes } = members;
  return typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes, 'base64')) : value;
}

/** A Buffer turns itself into JSON before the replacer sees it. */
function bufferless(value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  if (type !== 'Buffer' || !Array.isArray(data)) return value;
  return { [BYTES]: Buffer.from(data as number[]).toString('base64') };
}
