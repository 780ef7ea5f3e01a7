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

/** Signs that are a percent sign where text is made compatible, and begin an escape there. */
const PERCENT_KIN = /[\uFE6A\uFF05]/;

/** `%u0040` is how IIS and old scripts write it. */
function decodeLeniently(text: string): string {
  const plain = PERCENT_KIN.test(text) ? text.normalize('NFKC') : text;
  if (!plain.includes('%')) return plain;
  return plain.replace(/(?:%[0-9A-Fa-f]{2})+|%[uU][0-9A-Fa-f]{4}/g, (escaped) => {
    if (/^%u/i.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(2), 16));
    return decodeSegment(escaped) ?? escaped;
  });
}

/** File systems and frameworks cut dots and blanks off the end of a name. */
export function withoutEnds(text: string): string {
  if (!/^\s|[\s.]$/.test(text)) return text;
  // From the end, because a pattern would begin anew at each of many dots.
  let end = text.length;
  while (end > 0 && /[\s.]/.test(text[end - 1] as string)) end -= 1;
  return text.slice(0, end).trimStart();
}

/**
 * What of a text is left where its ends, or what follows a delimiter, are cut off. A semicolon that
 * came as one is described, or refused elsewhere; another sign may become one.
 */
export function cutReadings(text: string, alike: string): readonly string[] {
  const bare = withoutEnds(alike);
  const cut = (text.includes(';') ? /[?#]/ : /[?#;]/).exec(bare);
  if (cut === null && !bare.startsWith('.')) return [bare];
  const found = new Set([bare]);
  if (cut !== null) found.add(withoutEnds(bare.slice(0, cut.index)));
  for (const one of [...found]) found.add(one.replace(/^[\s.]+/, ''));
  return [...found];
}

const FORMAT = /\.[a-z0-9]{1,5}$/;
const FORMATS_MAX = 4;

/** What is left without the format that some frameworks take from the end: `me.json`, `me.tar.gz`. */
export function withoutFormats(alike: string): readonly string[] {
  const found: string[] = [];
  let text = alike;
  while (found.length < FORMATS_MAX && FORMAT.test(text)) {
    text = text.slice(0, text.lastIndexOf('.'));
    found.push(withoutEnds(text));
  }
  const dot = text.indexOf('.');
  if (found.length === FORMATS_MAX && dot > 0) found.push(text.slice(0, dot));
  return found;
}

/** Escapes of octets that can be, or begin a character like, what cuts or divides a path. */
export const MAY_DIVIDE = /%(?:2[35F]|3F|E2|EF|F0)/i;
const SLASH_KIN =
  /[\u2044\u2100\u2101\u2105\u2106\u2215\u2216\u29F5\u29F8\u29F9\uFE68\uFF0F\uFF3C]/;
const SLASHES = /[/\\\u2044\u2215\u2216\u29F5\u29F8\u29F9]/;
const PATH_END = /[?#\uFE16\uFE56\uFE5F\uFF03\uFF1F\u2047-\u2049]/;

/**
 * The segments that a service sees which makes their text compatible, or decodes the path and
 * parses it again: more of them behind what is like a slash, fewer before what ends a path.
 */
export function* dividedReadings(texts: readonly string[]): Generator<readonly string[]> {
  for (const reading of repeatedReadings(texts)) {
    const divided = reading.flatMap((text) =>
      SLASH_KIN.test(text) ? text.normalize('NFKC').split(SLASHES) : [text],
    );
    if (divided.length !== reading.length) yield divided;
    const end = divided.findIndex((text) => PATH_END.test(text));
    if (end < 0) continue;
    const last = divided[end] as string;
    yield [...divided.slice(0, end), last.slice(0, last.search(PATH_END))];
  }
}
