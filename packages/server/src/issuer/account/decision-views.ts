import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Decided } from '../decisions/index.ts';
import { detailOn } from '../pages/detail.ts';
import type { ShownDetail } from '../pages/detail-words.ts';
import type { Page } from '../pages/page.ts';
import { PASSKEY_SCRIPT, passkeyForm } from '../pages/passkey-form.ts';
import { words } from '../pages/words.ts';

export interface ShownDecision {
  readonly client: string;
  readonly message: string | null;
  readonly rights: readonly string[];
  readonly details: readonly ShownDetail[];
  /** One of them stands on the other device; none: the application shows no number. */
  readonly numbers: readonly string[];
}

const PATH = '/account/decision';

export function decisionPage(language: AccountLanguage, asked: ShownDecision): Page {
  const say = words[language];
  const { client, message, rights, details, numbers } = asked;
  const title = say.approve(client);
  const choice =
    numbers.length === 0
      ? ''
      : html`<fieldset><legend>${say.whichNumber}</legend>
${numbers.map((number) => html`<label class="number"><input type="radio" name="number" value="${number}" required> ${number}</label>`)}
</fieldset>`;
  const body = html`<h1>${title}</h1>
<p>${say.askedElsewhere}</p>
${message === null ? '' : html`<p>${say.saysThere}</p><p class="message">${message}</p>`}
${details.map((detail) => detailOn(detail))}
${rights.length === 0 ? '' : html`<p>${say.consentAsks(client)}</p><ul>${rights.map((right) => html`<li>${right}</li>`)}</ul>`}
${passkeyForm(say, {
  ...{ kind: 'approve', path: PATH, begin: `${PATH}/begin`, finish: `${PATH}/finish` },
  ...{ button: say.approveWith, fields: choice },
})}
<form method="post" action="${PATH}/refuse"><button>${say.refuse}</button></form>
<p data-done role="status"></p>`;
  return { language, title, body, script: PASSKEY_SCRIPT };
}

export function nothingAskedPage(language: AccountLanguage): Page {
  const say = words[language];
  return { language, title: say.nothingAsked, body: html`<h1>${say.nothingAsked}</h1>` };
}

export function decidedPage(language: AccountLanguage, decided: Decided): Page {
  const say = words[language];
  const said = {
    ...{ approved: say.approved, refused: say.refused },
    ...{ over: say.nothingAsked, failed: say.failed },
  }[decided];
  return { language, title: said, body: html`<h1>${said}</h1>` };
}
