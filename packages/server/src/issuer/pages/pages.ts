import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import { passwordWords } from '../sign-in/password-words.ts';
import { detailOn } from './detail.ts';
import type { ShownDetail } from './detail-words.ts';
import type { Page } from './page.ts';
import { PASSKEY_SCRIPT, passkeyForm } from './passkey-form.ts';
import { providerChoice } from './provider-pages.ts';
import { words } from './words.ts';

const formAt = (path: string) => ({ path, begin: `${path}/begin`, finish: `${path}/finish` });

export function enrolPage(language: AccountLanguage): Page {
  const say = words[language];
  const body = html`<h1>${say.enrol}</h1>
<p>${say.enrolWhy} ${say.whatIsPasskey}</p>
${passkeyForm(say, { kind: 'enrol', ...formAt('/enrol'), button: say.makePasskey })}
<p data-done role="status"></p>`;
  return { language, title: say.enrol, body, script: PASSKEY_SCRIPT };
}

export interface SignInWish {
  readonly uid: string;
  /** What the application is called that it leads to; null: nobody knows. */
  readonly client: string | null;
  /** Whether a password and a code do as well. */
  readonly passwords: boolean;
  /** Where people may sign in besides. */
  readonly providers: readonly FederatedProvider[];
}

export function signInPage(language: AccountLanguage, wish: SignInWish): Page {
  const say = words[language];
  const { uid, client, passwords, providers } = wish;
  const path = `/sign-in/${uid}`;
  const body = html`<h1>${say.signIn}</h1>
${client === null ? '' : html`<p>${say.signInTo(client)}</p>`}
<p class="muted">${say.whatIsPasskey}</p>
${passkeyForm(say, { kind: 'sign-in', ...formAt(path), button: say.withPasskey })}
${providerChoice(language, providers, { path: `${path}/provider`, kind: 'signInWith' })}
${passwords ? html`<p class="back"><a href="${path}/password">${passwordWords[language].otherWay}</a></p>` : ''}`;
  return { language, title: say.signIn, body, script: PASSKEY_SCRIPT };
}

export interface AskedRights {
  readonly client: string;
  /** One line each, as the description of the API says it. */
  readonly rights: readonly string[];
  readonly details: readonly ShownDetail[];
  /** It is allowed by a passkey over just this, and not by a button. */
  readonly isSigned: boolean;
  /** Where the browser is sent back; undefined: nowhere. */
  readonly leadsTo: string | undefined;
}

export function consentPage(language: AccountLanguage, uid: string, asked: AskedRights): Page {
  const say = words[language];
  const { client, rights, details, isSigned, leadsTo } = asked;
  const title = isSigned ? say.approve(client) : say.consent(client);
  const path = `/sign-in/${uid}`;
  const body = html`<h1>${title}</h1>
${details.map((detail) => detailOn(detail))}
${rights.length === 0 ? '' : html`<p>${say.consentAsks(client)}</p>`}
<ul>${rights.map((right) => html`<li>${right}</li>`)}</ul>
${isSigned ? passkeyForm(say, { kind: 'approve', ...formAt(`${path}/approve`), button: say.approveWith }) : ''}
<form method="post" action="${path}/consent" class="choice">
<button name="decision" value="refuse">${say.refuse}</button>
${isSigned ? '' : html`<button name="decision" value="allow" class="first">${say.allow}</button>`}
</form>`;
  return {
    ...{ language, title, body },
    ...(isSigned && { script: PASSKEY_SCRIPT }),
    ...(leadsTo !== undefined && { leadsTo }),
  };
}

/** An error never ends in nothing: what a person can do, and what the makers of the application need. */
export function errorPage(
  language: AccountLanguage,
  call: string,
  why: 'wrong' | 'over',
  details?: string,
): Page {
  const say = words[language];
  const body = html`<h1>${say.wrong}</h1>
<p>${why === 'over' ? say.over : say.wrongWhat}</p>
<p class="muted">${say.callIs(call)}</p>
${details === undefined ? '' : html`<p class="muted" lang="en">${details}</p>`}`;
  return { language, title: say.wrong, body };
}
