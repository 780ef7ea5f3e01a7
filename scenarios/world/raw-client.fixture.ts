import { connect, type Socket } from 'node:net';
import { PATIENCE_MS } from './patience.fixture.ts';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case name → value; of repeated fields the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawExchange {
  readonly answers: readonly RawAnswer[];
  /** Every byte that came back, as latin1. */
  readonly text: string;
  readonly wasClosed: boolean;
}

export interface RawOptions {
  /** Stop listening once this many final answers stand; default: until the gate closes. */
  readonly answers?: number;
  readonly timeoutMs?: number;
  /** The caller vanishes when this is aborted. */
  readonly leaving?: AbortSignal;
  /** Close our writing side after the last piece. */
  readonly end?: boolean;
  readonly pauseMs?: number;
  /** Which requests are HEAD: their answers have no body. */
  readonly isHead?: boolean;
}

/** Sends bytes exactly as given (latin1), one TCP write a piece, and reads what comes back. */
export async function sendRaw(
  port: number,
  pieces: string | Buffer | readonly (string | Buffer)[],
  options: RawOptions = {},
): Promise<RawExchange> {
  const list = typeof pieces === 'string' || Buffer.isBuffer(pieces) ? [pieces] : pieces;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const chunks: Buffer[] = [];
  let wasClosed = false;
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      resolve({ answers: parseAnswers(text, options.isHead), text, wasClosed });
    };
    const timer = setTimeout(finish, options.timeoutMs ?? PATIENCE_MS);
    options.leaving?.addEventListener('abort', finish, { once: true });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (options.answers === undefined) return;
      const whole = parseAnswers(Buffer.concat(chunks).toString('latin1'), options.isHead);
      if (whole.length >= options.answers) finish();
    });
    socket.on('close', () => {
      wasClosed = true;
      finish();
    });
    socket.on('connect', () => void writeAll(socket, list, options));
  });
}

async function writeAll(
  socket: Socket,
  pieces: readonly (string | Buffer)[],
  options: RawOptions,
): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (socket.destroyed) return;
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    if (index < pieces.length - 1) await pause(options.pauseMs ?? 5);
  }
  if (options.end === true) socket.end();
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The whole final answers in the text; interim ones (1xx but 101) are passed over. */
export function parseAnswers(text: string, isHead = false): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1 || !text.startsWith('HTTP/1.1 ', at)) return answers;
    const [first = '', ...lines] = text.slice(at, end).split('\r\n');
    const status = Number(first.slice(9, 12));
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    at = end + 4;
    if (status < 200 && status !== 101) continue;
    const isBodiless = isHead || status === 204 || status === 304 || status === 101;
    if (isBodiless) {
      answers.push({ status, headers, body: '' });
    } else if (headers['transfer-encoding'] === 'chunked') {
      const close = text.indexOf('0\r\n\r\n', at);
      if (close === -1) return answers;
      answers.push({ status, headers, body: text.slice(at, close) });
      at = close + 5;
    } else {
      const length = Number(headers['content-length'] ?? 0);
      if (text.length < at + length) return answers;
      answers.push({ status, headers, body: text.slice(at, at + length) });
      at += length;
    }
  }
}
