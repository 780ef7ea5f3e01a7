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
