import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { sendPage } from './page.ts';
import { formOf, type Handle, NOBODY, sendTo } from './page-call.ts';
import { errorPage } from './pages.ts';
import { languageOf } from './words.ts';

const PLACES: Readonly<Record<string, string>> = {
  authorizeByForm: '/auth',
  askSignOutByForm: '/session/end',
};

/** Our own gate reads no longer a target. */
const CHARS_MAX = 8_000;

/**
 * OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2: what an application asks may come as a form. A form of another
 * site brings no cookie of ours along (SameSite=Lax), so that somebody who is signed in would not be: they go on by a
 * link, as if they had been sent with one. Null: it is none of these.
 */
export function formAsLink(operation: string, { origin }: IssuerSnapshot): Handle | null {
  const place = PLACES[operation];
  if (place === undefined) return null;
  return async (asked) => {
    const location = `${place}?${formOf(asked)}`;
    if (location.length <= CHARS_MAX) {
      sendTo(asked, location);
      return NOBODY;
    }
    const language = languageOf(asked.request.headers['accept-language']);
    const page = errorPage(language, asked.call.id, 'wrong', 'invalid_request: it is too long');
    await sendPage(asked.response, 400, page, origin.startsWith('https:'));
    return { ...NOBODY, error: 'invalid_request' };
  };
}
