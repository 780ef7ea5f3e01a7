import { Buffer } from 'node:buffer';
import { trimBlanks } from '../../blanks.ts';
import { isUtf8Charset, type MediaType, parseMediaType } from './media-type.ts';

export interface Part {
  /** undefined only outside multipart/form-data. */
  readonly name: string | undefined;
  readonly hasFilename: boolean;
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
/** RFC 2387 §3. */
const RELATED = new Set(['type', 'start', 'start-info']);

/**
 * What else a Content-Type says beside its boundary, and services may read another boundary from:
 * `boundary*` and `boundary*0` (RFC 2231), or a quoted text that is searched or cut at semicolons.
 */
export function doubtfulParameter(
  { type, parameters }: MediaType,
  documented: ReadonlySet<string>,
): string | undefined {
  for (const [name, value] of parameters) {
    if (name === 'boundary') continue;
    if (name === 'charset') {
      if (!isUtf8Charset(value)) return 'charset';
      continue;
    }
    const isKnown = documented.has(name) || (type === 'multipart/related' && RELATED.has(name));
    if (!isKnown || name.includes('*')) return 'boundary';
    if (/[;,"\\]|boundary/i.test(value)) return 'boundary';
  }
  return undefined;
}

/**
 * RFC 2046 and RFC 7578 without their latitude: no preamble, no epilogue, no padding after a
 * boundary, CRLF only, no boundary on a line of its own but the delimiter, no folded, repeated or escaped header. Upstream parsers disagree about
 * all of these, and a part that only one of two parsers sees is an attack.
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
    if (mark !== '\r\n') return refuse('multipart');
    if (parts.length === PARTS_MAX) return refuse('parts');
    const end = nextDelimiter(buffer, opening, position);
    // An empty header block shares its CRLF with the boundary; no such part is of use.
    if (end <= position) return refuse('multipart');
    const part = readPart(buffer.subarray(position + 2, end + 2), isFormData);
    if (typeof part === 'string') return refuse(part);
    parts.push(part);
    position = end + 2 + opening.length;
  }
}

/**
 * Where the next CRLF and boundary begin; -1 where none comes, or where a boundary begins a line
 * that only some parsers see: after a bare LF or CR, or what else ends lines of text.
 */
function nextDelimiter(buffer: Buffer, opening: Buffer, from: number): number {
  let at = buffer.indexOf(opening, from);
  while (at >= 0) {
    const before = buffer[at - 1] as number;
    if (before === 0x0a && at - 2 >= from && buffer[at - 2] === 0x0d) return at - 2;
    if (endsLine(before)) return -1;
    // Within the boundary no line ends, so that none can begin there.
    at = buffer.indexOf(opening, at + opening.length);
  }
  return -1;
}

function endsLine(byte: number): boolean {
  return (byte >= 0x0a && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x1e) || byte === 0x85;
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
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/.test(text)) return 'part-headers';
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

const DISPOSITION_PARAMETER =
  /;[ \t]*([!#$%&'+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))[ \t]*/y;

const FORM_PARAMETERS = new Set(['name', 'filename']);
/** RFC 2183 §2, for parts of other kinds than forms. */
const OTHER_PARAMETERS = new Set([
  ...FORM_PARAMETERS,
  ...['creation-date', 'modification-date', 'read-date', 'size'],
]);
/** What becomes a parameter where a header is cut at semicolons without heed of quotes. */
const INNER_PARAMETER = /;\s*(?:file)?name[\s*\d]*=/i;
/** RFC 2047: some services decode it even within quotes. */
const ENCODED_WORD = /=\?.*\?=/;

/**
 * No backslashes, no `filename*` or `name*0`, nothing unknown, nothing twice: parsers disagree
 * about their meaning.
 */
function readDisposition(
  text: string | undefined,
  isFormData: boolean,
): { name: string | undefined; hasFilename: boolean } | string {
  if (text === undefined) {
    return isFormData ? 'content-disposition' : { name: undefined, hasFilename: false };
  }
  const kind = /^[a-z-]+/i.exec(text)?.[0] ?? '';
  if (isFormData && kind.toLowerCase() !== 'form-data') return 'content-disposition';
  const parameters = new Map<string, string>();
  let position = kind.length;
  while (/[ \t]/.test(text[position] ?? '')) position++;
  while (position < text.length) {
    DISPOSITION_PARAMETER.lastIndex = position;
    const found = DISPOSITION_PARAMETER.exec(text);
    const name = found?.[1]?.toLowerCase();
    if (found === null || name === undefined || parameters.has(name)) return 'content-disposition';
    if (!(isFormData ? FORM_PARAMETERS : OTHER_PARAMETERS).has(name)) return 'content-disposition';
    const value = found[2] ?? (found[3] as string);
    if (INNER_PARAMETER.test(value)) return 'content-disposition';
    parameters.set(name, value);
    position = DISPOSITION_PARAMETER.lastIndex;
  }
  const name = parameters.get('name');
  if (name !== undefined && ENCODED_WORD.test(name)) return 'content-disposition';
  if (isFormData && name === undefined) return 'content-disposition';
  return { name, hasFilename: parameters.has('filename') };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
