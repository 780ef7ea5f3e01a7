import { closestName } from '../../configuration/closest-name.ts';

/** A sentence for the person at the keyboard, with what was expected; the command exits with 2. */
export class UsageError extends Error {}

/** `; did you mean '--scopes'?`, or nothing when no known word is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  const near = closestName(given, known);
  return near === null ? '' : `; did you mean '${near}'?`;
}

const SHOWN_CHARS_MAX = 24;

/**
 * An argument that stands where none belongs, for a sentence about it. It may be a password or a token
 * that slipped there: what is long, or an address with something in it, is told by its beginning.
 */
export function shown(argument: string): string {
  const scheme = /^[a-z][a-z0-9+.-]{0,15}:\/\//i.exec(argument)?.[0];
  if (scheme !== undefined) return `${scheme}…`;
  if (argument.length <= SHOWN_CHARS_MAX) return argument;
  return `${argument.slice(0, SHOWN_CHARS_MAX / 2)}…`;
}
