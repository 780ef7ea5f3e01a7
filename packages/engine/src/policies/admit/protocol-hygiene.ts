import { HeaderFields, isListBased, listMembers } from '@poorter/openapi/checks';
import { atMost, type Deny, deny } from '../../policy.ts';

/** A request head as the HTTP parser read it, before anybody trusts it. */
export interface RequestHead {
  readonly method: string;
  /** The request target exactly as it was on the wire. */
  readonly target: string;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** name, value, name, value … in wire order and case. */
  readonly rawHeaders: readonly string[];
}

export interface HeadBounds {
  readonly headerCountMax: number;
  readonly headerBytesMax: number;
  readonly targetBytesMax: number;
  /** Whoever forwards the call forwards it as it came: what Connection names reaches the service. */
  readonly isForwardedWhole?: boolean;
}

/** RFC 9110: fields that carry one value; two of them mean two readers may disagree. */
const SINGLETON = new Set([
  'host',
  'authorization',
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'content-range',
  'expect',
  'range',
  'upgrade',
  'proxy-authorization',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'referer',
  'user-agent',
  'from',
  'date',
  'origin',
  'if-range',
  'content-location',
  'access-control-request-method',
  'sec-websocket-key',
  'dpop',
]);

/** Fields a caller may declare to end at this hop (RFC 9110 §7.6.1). Upgrade is the one singleton. */
const HOP_OPTION = new Set([
  'close',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
  'proxy-connection',
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5 field-content: visible ASCII, blanks inside, obs-text. */
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** RFC 9110 §7.2: host or IPv6 literal, optional port; no user information, no blanks. */
const HOST = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
/** Fields that say who calls. */
const CALLER_FIELD = /^(?:connection|cookie|forwarded|x-forwarded-.*)$/;
const METHOD = /^[A-Z]{3,20}$/;

/**
 * One checked list of fields out of the raw head, or the reason to refuse it. What Node's parser
 * already refuses (obs-fold, bare CR or LF, Content-Length beside Transfer-Encoding) is asserted
 * again here where it leaves a trace.
 */
export function checkHead(head: RequestHead, bounds: HeadBounds): HeaderFields | Deny {
  if (head.httpVersionMajor !== 1 || head.httpVersionMinor > 1) {
    return deny('malformed_request', { reason: 'http-version' });
  }
  if (!METHOD.test(head.method)) return deny('malformed_request', { reason: 'method' });
  if (head.target.length > bounds.targetBytesMax)
    return deny('target_too_long', {}, atMost(bounds.targetBytesMax, 'bytes'));

  const { rawHeaders } = head;
  if (rawHeaders.length / 2 > bounds.headerCountMax) {
    return deny('headers_too_large', { reason: 'count' }, atMost(bounds.headerCountMax, 'fields'));
  }
  const flat = new Array<string>(rawHeaders.length);
  const seen = new Set<string>();
  let isListOnSeveralLines = false;
  let bytes = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    bytes += rawName.length + value.length + 4;
    if (!TOKEN.test(rawName)) return deny('malformed_request', { reason: 'field-name' });
    if (!FIELD_VALUE.test(value)) return deny('malformed_request', { reason: 'field-value' });
    const name = rawName.toLowerCase();
    if (SINGLETON.has(name)) {
      if (seen.has(name)) return deny('ambiguous_request', { reason: 'repeated', field: name });
      seen.add(name);
    } else if (isListBased(name) || name === 'cookie') {
      isListOnSeveralLines ||= seen.has(name);
      seen.add(name);
    } else if (isLookalike(name)) {
      return deny('ambiguous_request', { reason: 'look-alike' });
    }
    flat[index] = name;
    flat[index + 1] = value;
  }
  if (bytes > bounds.headerBytesMax)
    return deny('headers_too_large', { reason: 'bytes' }, atMost(bounds.headerBytesMax, 'bytes'));
  const written = new HeaderFields(flat);
  // Before anybody checks them, and so that nobody takes one line for the whole.
  const fields = isListOnSeveralLines ? written.withJoinedLists() : written;
  // A trailer section ends here, and a caller that sends one means it.
  if (fields.has('trailer')) return deny('trailers_not_accepted');
  return (
    checkHost(fields, head) ?? checkFraming(fields, head, seen) ?? withoutHopFields(fields, bounds)
  );
}

/**
 * What Connection names ends here: nobody decides by a field that the upstream will not see. A
 * field whose absence would change who calls, or what the body means, cannot be named.
 */
function withoutHopFields(
  fields: HeaderFields,
  { isForwardedWhole = false }: HeadBounds,
): HeaderFields | Deny {
  const connection = fields.joined('connection');
  if (connection === undefined) return fields;
  const named = listMembers(connection.toLowerCase()).filter(
    (option) => !HOP_OPTION.has(option) && fields.has(option),
  );
  if (named.length === 0) return fields;
  const meaning = named.find(
    (name) => isForwardedWhole || SINGLETON.has(name) || CALLER_FIELD.test(name),
  );
  if (meaning !== undefined) {
    return deny('ambiguous_request', { reason: 'connection-option', field: meaning });
  }
  const { flat } = fields;
  return new HeaderFields(
    flat.filter((_, index) => !named.includes(flat[index - (index % 2)] as string)),
  );
}

/**
 * `content_length` or `transfer.encoding`: some upstreams fold these into the real name (CGI turns
 * both into CONTENT_LENGTH), so such a field could change the framing or the caller.
 */
function isLookalike(name: string): boolean {
  if (!name.includes('_') && !name.includes('.')) return false;
  return SINGLETON.has(name.replace(/[_.]/g, '-'));
}

/** Host and port as a Host field may hold them. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

function checkHost(fields: HeaderFields, head: RequestHead): Deny | null {
  const host = fields.get('host');
  if (host === undefined) {
    // RFC 9112 §3.2: required from HTTP/1.1 on.
    return head.httpVersionMinor === 0 ? null : deny('malformed_request', { reason: 'no-host' });
  }
  return HOST.test(host) ? null : deny('malformed_request', { reason: 'host' });
}

function checkFraming(
  fields: HeaderFields,
  head: RequestHead,
  seen: ReadonlySet<string>,
): Deny | null {
  const hasLength = seen.has('content-length');
  const hasTransferEncoding = seen.has('transfer-encoding');
  if (hasLength && hasTransferEncoding) {
    return deny('ambiguous_request', { reason: 'length-with-transfer-encoding' });
  }
  if (hasLength && !/^[0-9]{1,15}$/.test(fields.get('content-length') as string)) {
    return deny('malformed_request', { reason: 'content-length' });
  }
  if (hasTransferEncoding) {
    if (head.httpVersionMinor === 0) {
      return deny('ambiguous_request', { reason: 'transfer-encoding-in-1.0' });
    }
    if ((fields.get('transfer-encoding') as string).toLowerCase() !== 'chunked') {
      return deny('malformed_request', { reason: 'transfer-encoding' });
    }
  }
  const expectation = fields.get('expect');
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
    return deny('expectation_failed');
  }
  // CONNECT asks for a tunnel. TRACE is refused where its path, and so what is allowed, is known.
  if (head.method === 'CONNECT') {
    return deny('method_not_allowed', { reason: 'method' }, { answerHeaders: ['allow', ''] });
  }
  return null;
}
