import { Buffer } from 'node:buffer';

/** RFC 7464, and lists of JSON that are written a line each. */
const SEQUENCE = /^application\/(?:[\w.!#$&^-]+\+)?json-seq$/;
const LINES =
  /^(?:application|text)\/(?:(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-stream)|stream\+json|[\w.!#$&^-]+\+(?:ndjson|jsonl))$/;

const LINE_FEED = 0x0a;
const RECORD_SEPARATOR = 0x1e;

/** One JSON text after another. */
export function isJsonLinesType(type: string): boolean {
  return LINES.test(type) || SEQUENCE.test(type);
}

/**
 * The texts, without what parts them, and with it as it came; undefined where a sequence does not begin as one. Lines
 * with nothing in them are none.
 */
export function divideLines(
  bytes: Uint8Array,
  type: string,
):
  | {
      readonly texts: readonly Uint8Array[];
      readonly joined: (texts: readonly Uint8Array[]) => Uint8Array;
    }
  | undefined {
  const isSequence = SEQUENCE.test(type);
  const parts = divide(bytes, isSequence ? RECORD_SEPARATOR : LINE_FEED);
  if (isSequence && !isBlank(parts[0] as Uint8Array)) return undefined;
  const texts = parts.filter((part) => !isBlank(part));
  const [before, after] = isSequence ? ['\x1e', '\n'] : ['', '\n'];
  const joined = (given: readonly Uint8Array[]) =>
    Buffer.concat(
      given.flatMap((text) => [Buffer.from(before), withoutEnd(text), Buffer.from(after)]),
    );
  return { texts, joined };
}

/** Nothing but blanks and what parts texts. */
export function holdsNoText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => isSpace(byte) || byte === RECORD_SEPARATOR);
}

function divide(bytes: Uint8Array, delimiter: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(delimiter, start);
    if (end < 0) return [...parts, bytes.subarray(start)];
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every(isSpace);

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function withoutEnd(text: Uint8Array): Uint8Array {
  const last = text.findLastIndex((byte) => !isSpace(byte));
  return text.subarray(0, last + 1);
}
