import { UnreadableAccounts } from './given-account.ts';

/** UTF-8, with a byte order mark or without; another encoding is refused, as names would come out wrong. */
export async function* textOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const decoded = (bytes: Uint8Array | undefined): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      const says = 'is not UTF-8 here or soon after; save it as UTF-8';
      throw new UnreadableAccounts(line, says, { cause });
    }
  };
  for await (const chunk of chunks) {
    const text = decoded(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (text !== '') yield text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line += 1;
  }
  const rest = decoded(undefined);
  if (rest !== '') yield rest;
}

export interface Line {
  readonly line: number;
  /** Without its end. */
  readonly text: string;
}

/** Ended by LF or CRLF; the last one needs no end. */
export async function* linesOf(
  chunks: AsyncIterable<string>,
  charsMax: number,
): AsyncGenerator<Line> {
  let rest = '';
  let line = 1;
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      requireShort(part, line, charsMax);
      yield { line, text: part.endsWith('\r') ? part.slice(0, -1) : part };
      line += 1;
    }
    requireShort(rest, line, charsMax);
  }
  if (rest !== '') yield { line, text: rest };
}

function requireShort(text: string, line: number, charsMax: number): void {
  if (text.length <= charsMax) return;
  throw new UnreadableAccounts(line, `is a line of more than ${charsMax} characters`);
}
