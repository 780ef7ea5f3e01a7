import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Page } from './page.ts';
import { words } from './words.ts';

export interface AskedSignOut {
  /** By which the form is known to be ours. */
  readonly secret: string;
  /** Name of the application that sent somebody here; null: none did. */
  readonly client: string | null;
  readonly isSignedIn: boolean;
  /** Where the browser goes then; undefined: nowhere. */
  readonly leadsTo: string | undefined;
}

export function signOutPage(language: AccountLanguage, asked: AskedSignOut): Page {
  const say = words[language];
  const { secret, client, isSignedIn, leadsTo } = asked;
  const question = isSignedIn ? say.signOut : say.signedOut;
  const body = html`<h1>${question}</h1>
<p>${isSignedIn ? say.signOutWhat : say.signedOutWhat}</p>
<form method="post" action="/session/end/confirm" class="choice">
<input type="hidden" name="xsrf" value="${secret}">
${isSignedIn && client !== null ? html`<button>${say.signOutOf(client)}</button>` : ''}
<button name="logout" value="yes" class="first">${isSignedIn ? say.signOutOfAll : say.goOn}</button>
</form>`;
  return { language, title: question, body, ...(leadsTo !== undefined && { leadsTo }) };
}

/** Two people share a browser, and the second has just shown who they are. */
export function otherPersonPage(
  language: AccountLanguage,
  { secret, leadsTo }: Pick<AskedSignOut, 'secret' | 'leadsTo'>,
): Page {
  const say = words[language];
  const body = html`<h1>${say.otherPerson}</h1>
<p>${say.otherPersonWhat}</p>
<form method="post" action="/session/end/confirm" class="choice">
<input type="hidden" name="xsrf" value="${secret}">
<button name="logout" value="yes" class="first">${say.goOn}</button>
</form>`;
  return { language, title: say.otherPerson, body, ...(leadsTo !== undefined && { leadsTo }) };
}

export function signedOutPage(language: AccountLanguage): Page {
  const say = words[language];
  const body = html`<h1>${say.signedOut}</h1>
<p>${say.signedOutWhat}</p>`;
  return { language, title: say.signedOut, body };
}
