import type { Socket } from 'node:net';

const BEGINNING = Buffer.from('HTTP/1.1 100', 'latin1');
const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
/** An interim answer has no body and few fields. */
const HEAD_BYTES_MAX = 8_192;

/** What undici keeps on a socket that it reads answers from; 0 between two answers. */
type ReadByUndici = Socket & { readonly [parser: symbol]: { readonly statusCode?: number } | null };

/**
 * RFC 9110 §15.2: a client parses any number of 1xx answers before the final one, whether or not it
 * asked for them. undici cuts the connection at a 100; so a 100 is taken out before it reads.
 */
export function skipContinues(socket: Socket): void {
  const read = socket.read.bind(socket);
  let held: Buffer | null = null;
  socket.read = (size?: number): Buffer | null => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null) return null;
    if (held === null && !(mayBegin(chunk) && isBetweenAnswers(socket))) return chunk;
    const { rest, isOpen } = withoutContinues(held === null ? chunk : Buffer.concat([held, chunk]));
    held = null;
    if (rest.length > 0 && !(isOpen && rest.length <= HEAD_BYTES_MAX)) return rest;
    // The beginning of a head that may be a 100: the rest of it is on its way.
    if (rest.length > 0) held = rest;
    return socket.read(size) as Buffer | null;
  };
}

function mayBegin(chunk: Buffer): boolean {
  const length = Math.min(chunk.length, BEGINNING.length);
  return length > 0 && BEGINNING.compare(chunk, 0, length, 0, length) === 0;
}

/** `isOpen`: what is left may be a 100 whose end has not come yet. */
export function withoutContinues(chunk: Buffer): { rest: Buffer; isOpen: boolean } {
  let rest = chunk;
  while (rest.length > 0 && mayBegin(rest)) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0) return { rest, isOpen: true };
    // '100' and not '1000': a status is three digits.
    const after = rest[BEGINNING.length];
    if (after !== 0x20 && after !== 0x0d) return { rest, isOpen: false };
    rest = rest.subarray(end + HEAD_END.length);
  }
  return { rest, isOpen: false };
}

const parserOf = new WeakMap<Socket, symbol | undefined>();

function isBetweenAnswers(socket: Socket): boolean {
  let name = parserOf.get(socket);
  if (name === undefined) {
    name = Object.getOwnPropertySymbols(socket).find((one) => one.description === 'parser');
    parserOf.set(socket, name);
  }
  if (name === undefined) return false;
  return (socket as ReadByUndici)[name]?.statusCode === 0;
}
