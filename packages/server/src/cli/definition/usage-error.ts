import { closestName } from '../../configuration/closest-name.ts';

/** A sentence for the person at the keyboard, with what was expected; the command exits with 2. */
export class UsageError extends Error {}

/** `; did you mean '--scopes'?`, or nothing when no known word is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  const near = closestName(given, known);
  return near === null ? '' : `; did you mean '${near}'?`;
}

const SHOWN_CHARS_MAX = 24;
const SCHEME = /^[a-z][a-z0-9+.-]{0,15}:\/\//i;
/** Longer than a UUID. */
const LONG_NAME = /[^/\\]{41,}/g;
const USER_INFO = /[^/\\:]*:[^/\\@]*@/g;

/**
 * An argument that stands where none belongs, for a sentence about it. It may be a password or a token
 * that slipped there: what is long, or an address with something in it, is told by its beginning.
 */
export function shown(argument: string): string {
  if (argument.length <= SHOWN_CHARS_MAX && !SCHEME.test(argument)) return argument;
  return beginningOf(argument);
}

/** A path, for a sentence about it: a token that slipped there is one long name, and told by its beginning. */
export function shownPath(path: string): string {
  if (SCHEME.test(path)) return beginningOf(path);
  return path.replace(LONG_NAME, beginningOf).replace(USER_INFO, '…@');
}

function beginningOf(text: string): string {
  const [scheme] = SCHEME.exec(text) ?? [];
  return `${scheme ?? text.slice(0, SHOWN_CHARS_MAX / 2)}…`;
}
