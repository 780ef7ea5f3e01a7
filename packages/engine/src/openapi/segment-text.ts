/** Deeper than this, nobody decodes; the canonical path refuses what is encoded more often. */
const DECODINGS_MAX = 4;

/** A path segment as a service sees it that decodes before it routes; undefined: no UTF-8. */
export function decodeSegment(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** For each unit of the decoded text, and for its end, where it begins in the raw one. */
export function rawOffsets(raw: string): number[] {
  const offsets: number[] = [];
  let at = 0;
  while (at < raw.length) {
    offsets.push(at);
    if (raw.charCodeAt(at) !== 0x25) at += 1;
    else {
      const lead = Number.parseInt(raw.slice(at + 1, at + 3), 16);
      const bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      // Beyond U+FFFF, one character is two units.
      if (bytes === 4) offsets.push(at);
      at += bytes * 3;
    }
  }
  offsets.push(raw.length);
  return offsets;
}

/**
 * What services make of decoded segments that decode again: each reading that differs from the one
 * before. The segments themselves come first.
 */
export function* repeatedReadings(segments: readonly string[]): Generator<readonly string[]> {
  let current = segments;
  for (let count = 0; count < DECODINGS_MAX; count++) {
    yield current;
    const next = current.map(decodeLeniently);
    if (next.every((text, index) => text === current[index])) return;
    current = next;
  }
}

/** `%u0040` is how IIS and old scripts write it. */
function decodeLeniently(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9A-Fa-f]{2})+|%[uU][0-9A-Fa-f]{4}/g, (escaped) => {
    if (/^%u/i.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(2), 16));
    return decodeSegment(escaped) ?? escaped;
  });
}

const PLAIN = /^[!-*,-~]*$/;

/**
 * A form that is the same for texts which some service takes for one another: letters of either
 * case, compatible characters of Unicode (composed or not, of full width), characters that show
 * nothing, a plus for a blank.
 */
export function likeness(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text
    .replaceAll('+', ' ')
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase();
}

/** File systems and frameworks cut dots and blanks off the end of a name. */
export function withoutEnds(text: string): string {
  return /^\s|[\s.]$/.test(text) ? text.replace(/^\s+|[\s.]+$/g, '') : text;
}
