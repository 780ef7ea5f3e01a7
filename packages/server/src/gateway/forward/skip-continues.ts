import type { Socket } from 'node:net';

const BEGINNING = Buffer.from('HTTP/1.1 1', 'latin1');
const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
/** An interim answer has no body and few fields. */
const HEAD_BYTES_MAX = 8_192;

/** What undici keeps on a socket that it reads answers from: 0 between two answers, 1xx before a final one. */
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

function mayBegin(chunk: Buffer, at = 0): boolean {
  const length = Math.min(chunk.length - at, BEGINNING.length);
  return length > 0 && BEGINNING.compare(chunk, at, at + length, 0, length) === 0;
}

/**
 * Takes each 100 out of the interim answers at the beginning. `isOpen`: the last head there has not
 * come to its end.
 */
export function withoutContinues(chunk: Buffer): { rest: Buffer; isOpen: boolean } {
  const kept: Buffer[] = [];
  let at = 0;
  while (mayBegin(chunk, at)) {
    const end = chunk.indexOf(HEAD_END, at);
    if (end < 0) return { rest: Buffer.concat([...kept, chunk.subarray(at)]), isOpen: true };
    const status = /^HTTP\/1\.1 (1\d\d)(?= |\r)/.exec(chunk.toString('latin1', at, at + 13))?.[1];
    // Not an interim answer, or one after which another protocol is spoken.
    if (status === undefined || status === '101') break;
    const next = end + HEAD_END.length;
    if (status !== '100') kept.push(chunk.subarray(at, next));
    at = next;
  }
  if (at === 0) return { rest: chunk, isOpen: false };
  return { rest: Buffer.concat([...kept, chunk.subarray(at)]), isOpen: false };
}

const parserOf = new WeakMap<Socket, symbol | undefined>();

function isBetweenAnswers(socket: Socket): boolean {
  let name = parserOf.get(socket);
  if (name === undefined) {
    name = Object.getOwnPropertySymbols(socket).find((one) => one.description === 'parser');
    parserOf.set(socket, name);
  }
  if (name === undefined) return false;
  const status = (socket as ReadByUndici)[name]?.statusCode;
  return status !== undefined && status < 200;
}
