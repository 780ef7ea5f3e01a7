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
  return textsOf(name).map(nameLikeness);
}

/**
 * Of a name that some read as a path, or as a part of a value, the likeness of what it begins with: of `address.role`
 * (MongoDB, Elasticsearch, lodash), `address[role]` (lodash, Spring), `address->role` (Laravel) and `due_on(1i)` (Rails).
 */
export function outerReadings(name: string): readonly string[] {
  if (VISIBLE.test(name) && !NESTING.test(name)) return [];
  return textsOf(name).flatMap((text) => {
    const alike = likeness(text);
    const outer = OUTER.exec(alike)?.[1];
    return outer === undefined || outer === alike ? [] : [joined(outer)];
  });
}

const NESTING = /[.([\])]|->/;
const OUTER = /^[.([]*(.+?)(?:[.([\])]|->|$)/s;

/**
 * Likenesses of a name in the writings of other languages, with an underscore between its words, and of it in one word.
 */
export function nameWritings(
  name: string,
): readonly { readonly text: string; readonly isJoined: boolean }[] {
  return textsOf(name).flatMap((text) => [
    { text: likeness(text), isJoined: false },
    { text: inWords(text), isJoined: false },
    { text: nameLikeness(text), isJoined: true },
  ]);
}

/** `is_admin` of `isAdmin`, `IsAdmin` and `is-admin`. */
export function inWords(name: string): string {
  const written = name.replaceAll(/(?<=[\p{Ll}\d])(?=\p{Lu})/gu, '_');
  return likeness(written).replaceAll(SEPARATORS, '_');
}

function textsOf(name: string): readonly string[] {
  if (VISIBLE.test(name) || !UNSEEN.test(name)) return [name];
  return [...cutTexts(name), name.replaceAll(UNSEEN_SIGNS, '')];
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
