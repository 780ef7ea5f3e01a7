import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { Markup, Page } from './page.ts';
import { type NotSignedIn, providerWords } from './provider-words.ts';
import { words } from './words.ts';

type Named = Pick<FederatedProvider, 'id' | 'names'>;

export function nameOf({ id, names }: Named, language: AccountLanguage): string {
  return names[language] ?? names['en'] ?? id;
}

/** One button each; nothing where there are none. */
export function providerChoice(
  language: AccountLanguage,
  providers: readonly Named[],
  { path, kind }: { readonly path: string; readonly kind: 'signInWith' | 'link' },
): Markup | string {
  if (providers.length === 0) return '';
  const say = providerWords[language];
  const button = (provider: Named) =>
    html`<button name="provider" value="${provider.id}">${say[kind](nameOf(provider, language))}</button>`;
  return html`<form method="post" action="${path}">
<p>${kind === 'link' ? say.linkWhat : say.orElsewhere}</p>
${providers.map(button)}
</form>`;
}

/**
 * Between a form and a provider: what a form may lead to (`form-action`) holds for every step behind it, and nobody knows
 * by how many addresses a provider sends people. A link is bound by none of that.
 */
export function leavingPage(language: AccountLanguage, provider: Named, url: URL): Page {
  const say = providerWords[language];
  const name = nameOf(provider, language);
  const title = say.leaving(name);
  const body = html`<h1>${title}</h1>
<p>${say.leavingWhat}</p>
<p><a class="button first" href="${url.href}">${say.goTo(name)}</a></p>`;
  return { language, title, body };
}

export interface NotSignedInWhy {
  readonly provider: Named;
  readonly code: NotSignedIn;
  readonly call: string;
  /** Where other ways stand. */
  readonly back: string;
}

/** What a person can do, and what the makers need. */
export function notSignedInPage(language: AccountLanguage, why: NotSignedInWhy): Page {
  const { provider, code, call, back } = why;
  const say = providerWords[language];
  const title = say.notSignedIn;
  const body = html`<h1>${title}</h1>
<p>${say.why[code](nameOf(provider, language))}</p>
<p><a class="button first" href="${back}">${say.anotherWay}</a></p>
<p class="muted">${words[language].callIs(call)}</p>
<p class="muted" lang="en">${code}</p>`;
  return { language, title, body };
}
