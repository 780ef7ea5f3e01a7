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
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { [BYTES]: bytes } = value as { [BYTES]?: unknown };
    return typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes, 'base64')) : value;
  });
}

/** A Buffer turns itself into JSON before the replacer sees it. */
function bufferless(value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  if (type !== 'Buffer' || !Array.isArray(data)) return value;
  return { [BYTES]: Buffer.from(data as number[]).toString('base64') };
}
