import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Page } from '../pages/page.ts';
import { qrCode } from '../pages/qr-code.ts';
import { appLink, type CodeOffer } from '../sign-in/one-time-codes.ts';
import { PASSWORD_CHARACTERS_MIN } from '../sign-in/password-rules.ts';
import { codeField } from '../sign-in/password-views.ts';
import { passwordWords } from '../sign-in/password-words.ts';
import { framed } from './account-views.ts';
import { PLACES } from './places.ts';

export function passwordSettingPage(language: AccountLanguage, problem: string | null): Page {
  const say = passwordWords[language];
  const body = html`<p>${say.setWhat}</p>
<form method="post" action="${PLACES.password}">
${problem === null ? '' : html`<p class="said" role="alert">${problem}</p>`}
<label for="password">${say.newPassword}</label>
<input id="password" name="password" type="password" required minlength="${PASSWORD_CHARACTERS_MIN}" maxlength="512" autocomplete="new-password">
<button class="first">${say.keep}</button>
</form>`;
  return framed(language, { title: say.setTitle, body });
}

export function codeSettingPage(
  language: AccountLanguage,
  offer: CodeOffer,
  isWrong: boolean,
): Page {
  const say = passwordWords[language];
  const key = (offer.secret.match(/.{1,4}/g) ?? []).join(' ');
  const body = html`<p>${say.codeWhat}</p>
${qrCode(appLink(offer), say.codePicture)}
<p>${say.codeKey}: <code>${key}</code></p>
<p class="back"><a href="${appLink(offer)}">${say.openApp}</a></p>
<form method="post" action="${PLACES.code}">
${isWrong ? html`<p class="said" role="alert">${say.codeWrong}</p>` : ''}
${codeField(say.code, say.codeHint)}
<button class="first">${say.keep}</button>
</form>`;
  return framed(language, { title: say.codeTitle, body });
}
