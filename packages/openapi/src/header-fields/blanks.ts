/** Space and tab, which is all that RFC 9110 §5.6.3 calls optional whitespace. String.trim takes more. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;

/** The members of a list-valued field (RFC 9110 §5.6.1), without the blanks around them. */
export function listMembers(field: string): string[] {
  return field.split(',').map(trimBlanks);
}

/** A to Z alone: String.toLowerCase makes an ordinary k of the Kelvin sign, which nobody else does. */
export function asciiLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** RFC 6265 §4.1.1: the name of a cookie is a token. */
const AROUND_TOKEN = /^[^!#$%&'*+\-.^_`|~0-9A-Za-z]+|[^!#$%&'*+\-.^_`|~0-9A-Za-z]+$/g;

/**
 * A cookie name as we read it, and as a service may that trims more than blanks (no-break spaces,
 * the line ends of Unicode, quotes). Where the two differ, nobody knows which cookie this is.
 */
export function cookieName(written: string): { readonly name: string; readonly bare: string } {
  const name = trimBlanks(written);
  return { name, bare: name.replaceAll(AROUND_TOKEN, '') };
}

/** Nobody encodes a name more often than this. */
const DECODINGS_MAX = 4;

/** As a service may compare it that ignores case, or decodes names as it decodes values. */
export function foldedCookieName(name: string): string {
  let decoded = name;
  for (let count = 0; count < DECODINGS_MAX && decoded.includes('%'); count++) {
    try {
      const next = decodeURIComponent(decoded);
      if (next === decoded) break;
      decoded = next;
    } catch {
      break;
    }
  }
  return decoded.toLowerCase();
}
