import { Buffer } from 'node:buffer';
import { trimBlanks } from '../../blanks.ts';
import { type Disposition, readDisposition } from './disposition.ts';
import { type MediaType, parseMediaType } from './media-type.ts';

/** `name` is undefined only outside multipart/form-data. */
export interface Part extends Disposition {
  /** undefined where the part names no type. */
  readonly type: MediaType | undefined;
  /** Lower-case name, value, name, value … */
  readonly headers: readonly string[];
  readonly bytes: Uint8Array;
}

export type MultipartReading =
  | { readonly ok: true; readonly parts: readonly Part[] }
  | { readonly ok: false; readonly rule: string };

const PARTS_MAX = 1_000;
const PART_HEADERS_MAX = 16;
const PART_HEADER_BYTES_MAX = 8 * 1024;

/** RFC 2046 §5.1.1, without the blank that some parsers trim. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=?]{1,70}$/;

/**
 * RFC 2046 and RFC 7578 without their latitude: no preamble, no epilogue, no padding after a
 * boundary, CRLF only, no boundary but in a delimiter, no folded, repeated or escaped header. Upstream
 * parsers disagree about all of these, and a part that only one of two parsers sees is an attack.
 */
export function readMultipart(
  bytes: Uint8Array,
  boundary: string | undefined,
  isFormData: boolean,
): MultipartReading {
  if (boundary === undefined || !BOUNDARY.test(boundary)) return refuse('boundary');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const opening = Buffer.from(`--${boundary}`, 'latin1');
  if (!buffer.subarray(0, opening.length).equals(opening)) return refuse('multipart');
  const parts: Part[] = [];
  let position = opening.length;
  for (;;) {
    const mark = buffer.toString('latin1', position, position + 2);
    if (mark === '--') {
      const rest = buffer.toString('latin1', position + 2, position + 5);
      return rest === '' || rest === '\r\n' ? { ok: true, parts } : refuse('multipart');
    }
    if (mark !== '\r\n') return refuse(parts.length === 0 ? 'multipart' : 'boundary-in-part');
    if (parts.length === PARTS_MAX) return refuse('parts');
    const next = buffer.indexOf(opening, position);
    if (next < 0) return refuse('multipart');
    const end = next - 2;
    // RFC 2046 §5.1.1: it appears in no part. Some services begin a part wherever it stands.
    if (end < position || buffer[end] !== 0x0d || buffer[end + 1] !== 0x0a)
      return refuse('boundary-in-part');
    // An empty header block shares its CRLF with the boundary; no such part is of use.
    if (end === position) return refuse('multipart');
    const part = readPart(buffer.subarray(position + 2, next), isFormData);
    if (typeof part === 'string') return refuse(part);
    parts.push(part);
    position = next + opening.length;
  }
}

function refuse(rule: string): MultipartReading {
  return { ok: false, rule };
}

/** `block` runs from the first header to the CRLF before the boundary, inclusive. */
function readPart(block: Buffer, isFormData: boolean): Part | string {
  const blank = block.indexOf('\r\n\r\n');
  if (blank < 0) return 'multipart';
  if (blank > PART_HEADER_BYTES_MAX) return 'part-headers';
  const headers = readHeaders(block.subarray(0, blank));
  if (typeof headers === 'string') return headers;
  const at = (name: string): string | undefined => {
    const index = headers.findIndex((text, position) => position % 2 === 0 && text === name);
    return index < 0 ? undefined : headers[index + 1];
  };
  const encoding = at('content-transfer-encoding');
  if (encoding !== undefined && !/^(?:7bit|8bit|binary)$/i.test(encoding))
    return 'content-encoding';
  // Some services decode what a part says is compressed.
  if (!/^(?:identity)?$/i.test(at('content-encoding') ?? '')) return 'content-encoding';
  const typeText = at('content-type');
  const type = typeText === undefined ? undefined : parseMediaType(typeText);
  if (typeText !== undefined && type === undefined) return 'part-content-type';
  // RFC 7578 §4.3 gave up parts within a part: who still reads them sees more fields.
  if (isFormData && type?.type.startsWith('multipart/')) return 'part-content-type';
  const disposition = readDisposition(at('content-disposition'), isFormData);
  if (typeof disposition === 'string') return disposition;
  // The blank line must be the part's own. Where the boundary's CRLF completes it, RFC 2046 sees a
  // part without a body, and most parsers see a part that has not begun.
  if (block.length - 2 < blank + 4) return 'multipart';
  const bytes = block.subarray(blank + 4, block.length - 2);
  // Where it is believed, a length is another end of the part.
  const length = at('content-length');
  if (length !== undefined && length !== String(bytes.length)) return 'part-headers';
  return { ...disposition, type, headers, bytes };
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/;

function readHeaders(block: Buffer): string[] | string {
  // Names of fields may be in UTF-8 (RFC 7578 §5.1); what is not UTF-8 is refused.
  const text = strictUtf8(block);
  if (text === undefined) return 'encoding';
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]|\r(?!\n)|(?<!\r)\n/.test(text))
    return 'part-headers';
  const headers: string[] = [];
  const names = new Set<string>();
  for (const line of text.split('\r\n')) {
    const found = FIELD.exec(line);
    const name = found?.[1]?.toLowerCase();
    if (name === undefined || names.has(name)) return 'part-headers';
    if (names.size === PART_HEADERS_MAX) return 'part-headers';
    names.add(name);
    headers.push(name, trimBlanks(found?.[2] as string));
  }
  return headers;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
