/**
 * Formats that the published rules lack. Each pattern begins where its literal can be looked for, says
 * the secret in its group `secret` (or as a whole), and is bounded, so that a window is enough.
 */
export interface ServiceRule {
  /** `google/api-key` */
  readonly id: string;
  readonly title: string;
  /** Literals of at least three bytes; every match contains one. */
  readonly anchors: readonly string[];
  readonly anyCase?: boolean;
  /** Bytes that a match can take before and after its literal. */
  readonly before: number;
  readonly after: number;
  /** A match begins with its literal, so that one place is looked at and no more. */
  readonly isAtAnchor?: true;
  /** Of letters, digits, _ and -, at least so many follow the literal: a look that costs nothing. */
  readonly wordsAfter?: number;
  /** Global. Letters and digits beside a match are part of something longer. */
  readonly pattern: RegExp;
}

export const ALONE_BEFORE = '(?<![A-Za-z0-9_-])';
export const ALONE_AFTER = '(?![A-Za-z0-9_-])';

/** A prefix that only this service uses, then characters of one kind. */
export function token(
  id: string,
  title: string,
  prefixes: readonly string[],
  rest: string,
  lengthMax = 256,
  [before, after] = [ALONE_BEFORE, ALONE_AFTER],
): ServiceRule {
  const prefix = prefixes.map(escaped).join('|');
  return {
    ...{ id, title, anchors: prefixes, before: 8, after: lengthMax, isAtAnchor: true },
    pattern: new RegExp(`${before}(?:${prefix})${rest}${after}`, 'g'),
  };
}

/** As `token`, of letters that stand in base64 too: a piece of a picture or a font is none. */
export function tokenLikeBase64(
  ...[id, title, prefixes, rest, lengthMax]: Parameters<typeof token>
): ServiceRule {
  return token(id, title, prefixes, rest, lengthMax, [
    '(?<![A-Za-z0-9+/_-])',
    '(?![A-Za-z0-9+/=_-])',
  ]);
}

/** A secret without a form of its own, told by the words beside it. */
export function named(
  id: string,
  title: string,
  words: string | readonly string[],
  names: string,
  secret: string,
): ServiceRule {
  return {
    id,
    title,
    anchors: [words].flat(),
    anyCase: true,
    // The word may also come after it: `Bot SECRET # discord`.
    before: 256,
    after: 256,
    // NAME = "secret", name: secret, "name": "secret", --name secret, header: Name secret, name := "secret",
    // env.NAME || "secret", setName("secret"), <name>secret, and `value:` below the name, as in a manifest.
    pattern: new RegExp(
      `(?:${names})["'\`]?(?:,?\\s{1,40}["']?value["']?)?\\s{0,4}(?::?=|[:>,(]|=>|\\|\\||\\?\\?|\\s)\\s{0,4}["'\`]?${ALONE_BEFORE}(?<secret>${secret})${ALONE_AFTER}`,
      'gi',
    ),
  };
}

export const HEX = '[0-9a-f]';
export const WORD = '[A-Za-z0-9]';
export const URLSAFE = '[A-Za-z0-9_-]';
export const UUID = `${HEX}{8}(?:-${HEX}{4}){3}-${HEX}{12}`;
/** A name in a program is as long as some secrets, and has no digit. */
export const WITH_DIGIT = '(?=[A-Za-z_-]{0,60}[0-9])';

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
