import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Markup, Page } from '../pages/page.ts';
import { passwordWords } from './password-words.ts';

export interface PasswordForm {
  /** Where it is sent, and shown. */
  readonly path: string;
  /** Where a passkey is asked for instead. */
  readonly passkeyPath: string;
  readonly problem: 'failed' | 'busy' | null;
  /** Where the browser may be sent afterwards besides this origin. */
  readonly leadsTo?: string | undefined;
}

/** All three at once: no answer tells of one alone whether it was right. */
export function passwordSignInPage(language: AccountLanguage, form: PasswordForm): Page {
  const say = passwordWords[language];
  const { path, passkeyPath, problem, leadsTo } = form;
  const body = html`<h1>${say.signIn}</h1>
<form method="post" action="${path}">
${problem === null ? '' : html`<p class="said" role="alert">${say[problem]}</p>`}
<label for="login">${say.login}</label>
<input id="login" name="login" required maxlength="254" autocomplete="username" autocapitalize="none" spellcheck="false">
<label for="password">${say.password}</label>
<input id="password" name="password" type="password" required maxlength="512" autocomplete="current-password">
${codeField(say.code, say.codeHint)}
<button class="first">${say.go}</button>
</form>
<p class="back"><a href="${passkeyPath}">${say.withPasskey}</a></p>`;
  return { language, title: say.signIn, body, ...(leadsTo !== undefined && { leadsTo }) };
}

export function codeField(label: string, hint: string): Markup {
  return html`<label for="code">${label}</label>
<input id="code" name="code" required maxlength="9" inputmode="numeric" autocomplete="one-time-code" aria-describedby="hint">
<p id="hint" class="muted">${hint}</p>`;
}
