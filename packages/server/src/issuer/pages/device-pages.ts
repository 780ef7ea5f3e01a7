import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Page } from './page.ts';
import { words } from './words.ts';

export interface AskedCode {
  /** By which the form is known to be ours. */
  readonly secret: string;
  readonly typed: string;
  /** What was typed before is no code that waits, or its form is not the one that this browser had last. */
  readonly fault: 'wrong' | 'over' | null;
}

export function deviceCodePage(language: AccountLanguage, asked: AskedCode): Page {
  const say = words[language];
  const { secret, typed, fault } = asked;
  const said = fault === 'over' ? say.deviceOver : say.deviceWrong;
  const body = html`<h1>${say.device}</h1>
<form method="post" action="/device">
<input type="hidden" name="xsrf" value="${secret}">
<label for="code">${say.deviceCode}</label>
<input id="code" name="user_code" value="${typed}" required maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false" ${fault !== null ? html`aria-invalid="true" aria-describedby="wrong"` : ''}>
${fault !== null ? html`<p class="said" role="alert" id="wrong">${said}</p>` : ''}
<button class="first">${say.goOn}</button>
</form>`;
  return { language, title: say.device, body };
}

export interface AskingDevice {
  readonly secret: string;
  readonly code: string;
  /** Name of the application on the device. */
  readonly client: string;
}

/** Whoever was sent a link or a code by somebody else must see it: RFC 8628 §5.4. */
export function deviceConfirmPage(language: AccountLanguage, asked: AskingDevice): Page {
  const say = words[language];
  const { secret, code, client } = asked;
  const body = html`<h1>${say.deviceConfirm(client)}</h1>
<p class="number">${code}</p>
<p>${say.deviceSame}</p>
<form method="post" action="/device" class="choice">
<input type="hidden" name="xsrf" value="${secret}">
<input type="hidden" name="user_code" value="${code}">
<button name="abort" value="yes">${say.deviceNotMine}</button>
<button name="confirm" value="yes" class="first">${say.deviceMine}</button>
</form>`;
  return { language, title: say.deviceConfirm(client), body };
}

export function deviceRefusedPage(language: AccountLanguage): Page {
  const say = words[language];
  const body = html`<h1>${say.deviceRefused}</h1>
<p>${say.deviceRefusedWhat}</p>`;
  return { language, title: say.deviceRefused, body };
}

export function deviceDonePage(language: AccountLanguage): Page {
  const say = words[language];
  const body = html`<h1>${say.deviceDone}</h1>
<p>${say.deviceDoneWhat}</p>`;
  return { language, title: say.deviceDone, body };
}
