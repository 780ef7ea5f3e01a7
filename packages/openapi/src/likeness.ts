const PLAIN = /^[\x00-\x7f]*$/;

/**
 * A form that is the same for texts which some service takes for one another: letters of either
 * case, compatible characters of Unicode (composed or not, of full width), characters that show
 * nothing, a plus for a blank.
 */
export function likeness(text: string): string {
  if (PLAIN.test(text)) return text.replaceAll('+', ' ').toLowerCase();
  return (
    text
      .replaceAll('+', ' ')
      .normalize('NFKC')
      .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
      // There and back: '\u1E9E' is '\u00DF' only in lower case, which is 'SS' only in upper case.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
      // What the lower case of '\u0130' has beside its 'i'.
      .replaceAll('\u0307', '')
  );
}

/** As a whole, and up to what ends a text for languages in which a NUL or the end of a line does. */
export function cutTexts(text: string): readonly string[] {
  const ends = [text.indexOf('\0'), text.search(CONTROL)].filter((end) => end > 0);
  return ends.length === 0 ? [text] : [text, ...new Set(ends.map((end) => text.slice(0, end)))];
}

const CONTROL = /[\x00-\x1f\x7f\x85\u2028\u2029]/;

/**
 * The same for names of members and fields, which services also find by other separators: `type_name`
 * and `type-name` are typeName to whoever maps names between languages.
 */
export function nameLikeness(name: string): string {
  return joined(likeness(name));
}

/**
 * Likenesses of a name as a whole, of what is left where an end of text cuts it, and without blanks and controls, which
 * some pass over or trim: of most names, one.
 */
export function nameReadings(name: string): readonly string[] {
  if (VISIBLE.test(name) || !UNSEEN.test(name)) return [nameLikeness(name)];
  return [...cutTexts(name), name.replaceAll(UNSEEN_SIGNS, '')].map(nameLikeness);
}

/** Nearly all names, and told sooner than by properties of Unicode. */
const VISIBLE = /^[!-~]*$/;
const UNSEEN = /[\s\p{C}\p{Z}]/u;
const UNSEEN_SIGNS = /[\s\p{C}\p{Z}]+/gu;

/** Without underscores and hyphens, unless it is nothing else. */
export function joined(text: string): string {
  return SEPARATED.test(text) ? text.replaceAll(SEPARATORS, '') || text : text;
}

const SEPARATED = /[_-]/;
const SEPARATORS = /[_-]+/g;
