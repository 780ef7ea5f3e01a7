import type { ApiSnapshot } from '@poorter/engine';

/** A service stands on the origin of the gate, and could put a session of its own choice into a browser, or take one out. */
export function setsOwnCookie(
  field: string,
  { ownCookies }: Pick<ApiSnapshot, 'ownCookies'>,
): boolean {
  if (ownCookies === undefined) return false;
  // A cookie without a name is sent as its value alone, which may look like one with a name.
  const [name = ''] = field.replace(/^[\s=]+/, '').split(/[=;]/);
  const plain = name.trim().toLowerCase();
  return ownCookies.some((own) => own.toLowerCase() === plain);
}
