import { rawOffsets } from './segment-text.ts';

/** The raw texts behind the decoded values, and behind the fixed parts around them. */
export function rawParts(
  raw: string,
  literals: readonly string[],
  decoded: readonly string[],
): { values: string[]; literals: string[] } {
  const offsets = rawOffsets(raw);
  let at = 0;
  const next = (length: number) => {
    const part = raw.slice(offsets[at], offsets[at + length]);
    at += length;
    return part;
  };
  const parts = { values: [] as string[], literals: [next((literals[0] as string).length)] };
  for (const [index, value] of decoded.entries()) {
    parts.values.push(next(value.length));
    parts.literals.push(next((literals[index + 1] as string).length));
  }
  return parts;
}

/**
 * Each parameter takes as little as it can, the last one the rest: one pass, no backtracking.
 * @param least characters of a value
 */
export function takeValues(
  segment: string,
  literals: readonly string[],
  values: string[],
  least = 1,
): boolean {
  const last = literals.length - 1;
  const head = literals[0] as string;
  const tail = literals[last] as string;
  // Where each parameter is as short as it may be and each part between them fits: the least there can be.
  if (segment.length < head.length + tail.length + last * least) return false;
  if (!segment.startsWith(head) || !segment.endsWith(tail)) return false;
  const end = segment.length - tail.length;
  let start = head.length;
  for (let index = 1; index < last; index++) {
    const literal = literals[index] as string;
    const found = segment.indexOf(literal, start + least);
    if (found < 0 || found + literal.length + least > end) return false;
    values.push(segment.slice(start, found));
    start = found + literal.length;
  }
  if (start + least > end) return false;
  values.push(segment.slice(start, end));
  return true;
}
