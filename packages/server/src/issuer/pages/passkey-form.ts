import { html } from 'hono/html';
import type { Markup } from './page.ts';
import type { Words } from './words.ts';

/** The file of `assets` that it needs. */
export const PASSKEY_SCRIPT = 'passkey.js';

export interface PasskeyForm {
  readonly kind: 'enrol' | 'sign-in' | 'approve';
  /** Of the page. */
  readonly path: string;
  /** Where the browser asks what to sign, and shows what it signed. */
  readonly begin: string;
  readonly finish: string;
  readonly button: string;
  /** What else is filled in. */
  readonly fields?: Markup | string;
}

/** The one place where a script is needed; who has none is told so. */
export function passkeyForm(say: Words, form: PasskeyForm): Markup {
  const { kind, path, begin, finish, button, fields = '' } = form;
  return html`<noscript><p class="said">${say.noScript}</p></noscript>
<form method="post" action="${path}" data-passkey data-kind="${kind}" data-begin="${begin}" data-finish="${finish}" data-failed="${say.failed}" data-unsupported="${say.unsupported}">
<p class="said" role="alert"></p>
${fields}
<button class="first">${button}</button>
</form>`;
}
