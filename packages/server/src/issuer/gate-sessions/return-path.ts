import { APPLICATION_PATH } from '../../messages/gate-sessions.ts';

const LENGTH_MAX = 2_000;
/** What is not visible ASCII is written with percent signs; browsers take `\` for `/`, and pass over tabs and line ends. */
const VISIBLE = /^[\x21-\x5b\x5d-\x7e]+$/;
const [OWN_FOLDER = ''] = /^\/[^/]+/.exec(APPLICATION_PATH) ?? [];

/**
 * Where on the page's own origin somebody goes on: a path, with a query and a fragment where it has them. Null: it is no
 * such thing to the letter, as a browser reads it.
 */
export function readReturnPath(text: string, page: string): string | null {
  if (text.length > LENGTH_MAX || !VISIBLE.test(text)) return null;
  if (!text.startsWith('/') || text.startsWith('//')) return null;
  if (!URL.canParse(text, page)) return null;
  const url = new URL(text, page);
  // What a browser would make into something else was not meant as it is written.
  const isAsWritten = `${url.pathname}${url.search}${url.hash}` === text && url.origin === page;
  // Signing in leads to no signing in.
  const isOurs = url.pathname === OWN_FOLDER || url.pathname.startsWith(`${OWN_FOLDER}/`);
  return isAsWritten && !isOurs ? text : null;
}
