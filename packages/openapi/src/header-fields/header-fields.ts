/**
 * Fields whose value is a list by their standard: on several lines they mean the same as joined
 * (RFC 9110 §5.3). Those that are lists by their grammar alone, but of which one value is
 * accepted here, are not among them.
 */
const LIST_BASED = new Set([
  // RFC 9110
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'allow'],
  ...['connection', 'content-language', 'if-match', 'if-none-match', 'proxy-authenticate', 'te'],
  ...['trailer', 'vary', 'via', 'www-authenticate', 'authentication-info'],
  // RFC 9111, 7240, 8288, 5789, 7239, 3229, 9211, 9213, 9218, 8586
  ...['cache-control', 'pragma', 'warning', 'prefer', 'preference-applied', 'link', 'accept-patch'],
  ...['accept-post', 'forwarded', 'a-im', 'im', 'cache-status', 'proxy-status', 'priority'],
  ...['cdn-cache-control', 'cdn-loop', 'keep-alive'],
  // Digests and signatures: RFC 3230, 9530, 9421; client hints: RFC 8942; client certificates: RFC 9440
  ...['digest', 'want-digest', 'content-digest', 'repr-digest', 'want-content-digest'],
  ...['want-repr-digest', 'signature', 'signature-input', 'accept-signature', 'accept-ch'],
  ...['client-cert-chain', 'sec-ch-ua', 'sec-ch-ua-full-version-list'],
  // Fetch, RFC 6455, W3C Trace Context and Baggage, the rate limit fields of IETF httpapi
  ...['access-control-request-headers', 'access-control-allow-headers'],
  ...['access-control-allow-methods', 'access-control-expose-headers'],
  ...['sec-websocket-extensions', 'sec-websocket-protocol', 'tracestate', 'baggage'],
  ...['ratelimit', 'ratelimit-policy', 'server-timing', 'clear-site-data', 'x-forwarded-for'],
]);

export function isListBased(name: string): boolean {
  return LIST_BASED.has(name);
}

/**
 * One list of header fields, checked once and used for every decision and for forwarding.
 * Names are lower-case; order and repeated fields are kept.
 */
export class HeaderFields {
  /** name, value, name, value … */
  readonly flat: readonly string[];

  constructor(flat: readonly string[]) {
    this.flat = flat;
  }

  /** The first field of that lower-case name. */
  get(name: string): string | undefined {
    const { flat } = this;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] === name) return flat[index + 1];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  all(name: string): string[] {
    const values: string[] = [];
    for (let index = 0; index < this.flat.length; index += 2) {
      if (this.flat[index] === name) values.push(this.flat[index + 1] as string);
    }
    return values;
  }

  /** All values of a list-valued field, joined as RFC 9110 §5.3 allows. */
  joined(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /**
   * The same with list-based fields of one name on one line, where the first of them stands, and
   * likewise cookies, which HTTP/2 splits (RFC 9113 §8.2.3).
   */
  withJoinedLists(): HeaderFields {
    const flat: string[] = [];
    const joined = new Set<string>();
    for (let index = 0; index < this.flat.length; index += 2) {
      const name = this.flat[index] as string;
      const isCookie = name === 'cookie';
      if (!isCookie && !isListBased(name)) flat.push(name, this.flat[index + 1] as string);
      else if (!joined.has(name)) {
        flat.push(name, this.all(name).join(isCookie ? '; ' : ', '));
        joined.add(name);
      }
    }
    return new HeaderFields(flat);
  }

  /** A list in which `name` has this one value. */
  with(name: string, value: string): HeaderFields {
    const flat: string[] = [];
    for (let index = 0; index < this.flat.length; index += 2) {
      if (this.flat[index] !== name) {
        flat.push(this.flat[index] as string, this.flat[index + 1] as string);
      }
    }
    return new HeaderFields([...flat, name, value]);
  }
}
