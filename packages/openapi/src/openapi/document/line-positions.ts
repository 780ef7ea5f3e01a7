import type { Position } from './parsed-text.ts';

/** Lines and columns of these offsets. A line ends as editors end it: with LF, CR LF or CR. */
export function positionsOf(text: string, offsets: readonly number[]): Position[] {
  const positions = new Map<number, Position>();
  let line = 1;
  let lineStart = 0;
  let at = 0;
  for (const offset of [...new Set(offsets)].sort((a, b) => a - b)) {
    for (; at < offset; at++) {
      const code = text.charCodeAt(at);
      if (code !== LF && (code !== CR || text.charCodeAt(at + 1) === LF)) continue;
      line++;
      lineStart = at + 1;
    }
    positions.set(offset, { line, column: offset - lineStart + 1 });
  }
  return offsets.map((offset) => positions.get(offset)!);
}

const LF = 10;
const CR = 13;
