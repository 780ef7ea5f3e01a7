import type { ApiSnapshot } from '@poorter/engine';
import { asciiLowerCase, trimBlanks } from '@poorter/openapi/checks';

/** A service stands on the origin of the gate, and could put a session of its own choice into a browser, or take one out. */
export function setsOwnCookie(
  field: string,
  { ownCookies }: Pick<ApiSnapshot, 'ownCookies'>,
): boolean {
  if (ownCookies === undefined) return false;
  // A cookie without a name is sent as its value alone, which may look like one with a name.
  const [name = ''] = field.replace(/^[\t =]+/, '').split(/[=;]/);
  const plain = asciiLowerCase(trimBlanks(name));
  return ownCookies.some((own) => asciiLowerCase(own) === plain);
}
