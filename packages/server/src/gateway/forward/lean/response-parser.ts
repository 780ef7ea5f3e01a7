import { createRequire } from 'node:module';

/** What a parser tells of the answers on one connection, in this order for each. */
export interface ParserEvents {
  /** Bytes of another answer have come. */
  begins(): void;
  /** `fields`: name, value, … as they were written. Returns whether the answer has no body whatever it says. */
  head(status: number, fields: string[], mayKeepAlive: boolean): boolean;
  /** The bytes are the receiver's own. */
  data(chunk: Buffer): void;
  ends(trailers: string[]): void;
  /** The service speaks another protocol from here on, which nobody asked it for. */
  upgrades(): void;
}

export interface ResponseParser {
  /** How many bytes were taken, or what is wrong with them. */
  execute(bytes: Buffer): number | Error;
  /** The connection has ended: so may an answer whose length nobody said. */
  finish(): Error | undefined;
  /** Not from within an event. */
  close(): void;
}

/** Node's own llhttp, strict, as its client and server use it. It is not documented: see `canParse`. */
interface NativeParser {
  initialize(type: number, resource: object, headBytesMax: number, lenience: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  close(): void;
  [event: number]: unknown;
}

interface NativeParserClass {
  new (): NativeParser;
  readonly RESPONSE: number;
  readonly kLenientNone: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

/** Returned to the parser by whoever hears of a head. */
const HAS_BODY = 0;
const IS_BODILESS = 1;
const IS_UPGRADE = 2;

const Native = nativeParser();

function nativeParser(): NativeParserClass | null {
  try {
    const internals: unknown = createRequire(import.meta.url)('_http_common');
    const { HTTPParser } = internals as { HTTPParser?: NativeParserClass };
    return HTTPParser ?? null;
  } catch {
    return null;
  }
}

let isTried: boolean | undefined;

/** Whether this runtime has the parser that is meant, and it does what is expected of it: tried once a thread. */
export function canParse(): boolean {
  isTried ??= Native !== null && isAsExpected();
  return isTried;
}

/** `headBytesMax`: of all fields of an answer together, names and values. */
export function openParser(events: ParserEvents, headBytesMax: number): ResponseParser {
  const Class = Native as NativeParserClass;
  const parser = new Class();
  parser.initialize(Class.RESPONSE, {}, headBytesMax, Class.kLenientNone);
  /** Fields beyond the first few dozen come in parts, and so do trailers. */
  let parts: string[] = [];
  parser[Class.kOnMessageBegin] = () => events.begins();
  parser[Class.kOnHeaders] = (fields: readonly string[]) => {
    for (const text of fields) parts.push(text);
  };
  parser[Class.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    last: readonly string[] | undefined,
    _method: unknown,
    _target: unknown,
    status: number,
    _reason: string,
    isUpgrade: boolean,
    mayKeepAlive: boolean,
  ) => {
    const fields = taken(last);
    if (isUpgrade) {
      events.upgrades();
      return IS_UPGRADE;
    }
    return events.head(status, fields, mayKeepAlive) ? IS_BODILESS : HAS_BODY;
  };
  parser[Class.kOnBody] = (chunk: Buffer) => events.data(chunk);
  parser[Class.kOnMessageComplete] = () => events.ends(taken(undefined));
  return parser as unknown as ResponseParser;

  /** In a list made here: one that native code made costs whoever reads it its compiled code. */
  function taken(last: readonly string[] | undefined): string[] {
    const fields = parts;
    parts = [];
    if (last !== undefined) for (const text of last) fields.push(text);
    return fields;
  }
}

/** What was met when it was tried at the start of a thread. */
function isAsExpected(): boolean {
  try {
    const answers =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nA: \xe9\r\nA: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n' +
      'HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno';
    const bytes = Buffer.from(answers, 'latin1');
    const seen: unknown[] = [];
    const parser = openParser(events(seen), 1_000);
    if (parser.execute(bytes) !== bytes.length) return false;
    const expected = [
      ...['begins', 103, ['Link', '</a>'], true, 'ends', []],
      ...['begins', 200, ['A', '\xe9', 'A', '2', 'Transfer-Encoding', 'chunked'], true],
      ...['data', 'abc', 'ends', ['T', '1']],
      ...['begins', 404, ['Content-Length', '2', 'Connection', 'close'], false],
      ...['data', 'no', 'ends', []],
    ];
    if (JSON.stringify(seen) !== JSON.stringify(expected)) return false;
    parser.close();
    return REFUSED.every((text) => refuses(text)) && endsWithConnection() && !sharesMemory();
  } catch {
    return false;
  }
}

/** Strictness is what it is taken for. */
const REFUSED = [
  'HTTP/1.1 200 OK\nA: 1\n\n',
  'HTTP/1.1 200 OK\r\nA : 1\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n',
  `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(2_000)}\r\n\r\n`,
  'SSH-2.0-OpenSSH_9.2\r\n',
];

function refuses(text: string): boolean {
  const parser = openParser(events([]), 1_000);
  const found = parser.execute(Buffer.from(text, 'latin1'));
  parser.close();
  return found instanceof Error;
}

function endsWithConnection(): boolean {
  const seen: unknown[] = [];
  const parser = openParser(events(seen), 1_000);
  parser.execute(Buffer.from('HTTP/1.1 200 OK\r\n\r\nab', 'latin1'));
  const hadEnded = seen.includes('ends');
  const fault = parser.finish();
  parser.close();
  return !hadEnded && fault === undefined && seen.includes('ends');
}

/** Every connection of a thread reads into the same memory. */
function sharesMemory(): boolean {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd', 'latin1');
  let chunk: Buffer | null = null;
  const all = events([]);
  const parser = openParser({ ...all, data: (one) => (chunk = one) }, 1_000);
  parser.execute(bytes);
  parser.close();
  bytes.fill(0);
  return (chunk as Buffer | null)?.toString('latin1') !== 'abcd';
}

function events(seen: unknown[]): ParserEvents {
  return {
    begins: () => seen.push('begins'),
    head: (status, fields, mayKeepAlive) => {
      seen.push(status, fields, mayKeepAlive);
      return false;
    },
    data: (chunk) => seen.push('data', chunk.toString('latin1')),
    ends: (trailers) => seen.push('ends', trailers),
    upgrades: () => seen.push('upgrades'),
  };
}
