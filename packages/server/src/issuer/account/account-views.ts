import { html } from 'hono/html';
import {
  type AccountLanguage,
  isSynced,
  type StoredCredential,
  type StoredGrant,
} from '../../access/accounts/index.ts';
import type { FederatedProvider, StandingSession } from '../../messages/between-issuer.ts';
import { dayIn, momentIn } from '../pages/moment.ts';
import type { Markup, Page } from '../pages/page.ts';
import { PASSKEY_SCRIPT, passkeyForm } from '../pages/passkey-form.ts';
import { nameOf, providerChoice } from '../pages/provider-pages.ts';
import { providerWords } from '../pages/provider-words.ts';
import { words } from '../pages/words.ts';
import { passwordWords } from '../sign-in/password-words.ts';
import { accountWords } from './account-words.ts';
import { operatorWords } from './operator-words.ts';
import { PLACES, type Place } from './places.ts';

/** What has just been done, said on the page on which it was asked for. */
export type Said = string | null;

const NOTHING = '';

/** `null` stands on the first page itself: nothing leads back from there. */
export function framed(
  language: AccountLanguage,
  {
    title,
    body,
    said = null,
    isFirst = false,
  }: { title: string; body: Markup; said?: Said; isFirst?: boolean },
): Page {
  const { back } = accountWords[language];
  const whole = html`<h1>${title}</h1>
${said === null ? NOTHING : html`<p class="told" role="status">${said}</p>`}
${body}
${isFirst ? NOTHING : html`<p class="back"><a href="${PLACES.account}">${back}</a></p>`}`;
  return { language, title, body: whole };
}

export interface AccountOverview {
  readonly name: string;
  readonly sessions: number;
  readonly passkeys: number;
  readonly grants: number;
  readonly recoveryCodes: number;
  /** They run this server. */
  readonly isOperator: boolean;
}

export function accountPage(language: AccountLanguage, overview: AccountOverview): Page {
  const say = accountWords[language];
  const { name, sessions, passkeys, grants, recoveryCodes, isOperator } = overview;
  const line = (place: Place, title: string, count: string) =>
    html`<li><a href="${PLACES[place]}">${title}</a><span class="muted">${count}</span></li>`;
  const body = html`<p>${say.accountOf(name)}</p>
<ul class="entries">
${line('grants', say.grants, say.grantsCount(grants))}
${line('sessions', say.sessions, say.sessionsCount(sessions))}
${line('credentials', say.credentials, say.credentialsCount(passkeys))}
${line('recovery-codes', say.recovery, say.recoveryLeft(recoveryCodes))}
${isOperator ? line('operator', operatorWords[language].title, NOTHING) : NOTHING}
</ul>
<form method="post" action="/account/sign-out"><button>${say.signOutHere}</button></form>`;
  return framed(language, { title: say.account, body, isFirst: true });
}

export interface SignInWish {
  /** Where it goes on. */
  readonly place: Place;
  /** Signed in already, a while ago. */
  readonly isAgain: boolean;
  /** Whether a password and a code do as well. */
  readonly passwords: boolean;
  /** Where people may sign in besides. */
  readonly providers: readonly FederatedProvider[];
}

export function accountSignInPage(
  language: AccountLanguage,
  { place, isAgain, passwords, providers }: SignInWish,
): Page {
  const say = accountWords[language];
  const common = words[language];
  const path = '/account/sign-in';
  const body = html`<p>${isAgain ? say.againWhy : common.whatIsPasskey}</p>
${passkeyForm(common, {
  ...{ kind: 'sign-in', path: `${path}?to=${place}`, begin: `${path}/begin` },
  ...{ finish: `${path}/finish?to=${place}`, button: common.withPasskey },
})}
${providerChoice(language, providers, { path: `${path}/provider?to=${place}`, kind: 'signInWith' })}
${
  passwords
    ? html`<p class="back"><a href="${path}/password?to=${place}">${passwordWords[language].otherWay}</a></p>`
    : NOTHING
}
<p class="back"><a href="/recover">${say.lost}</a></p>`;
  const title = isAgain ? say.again : say.signIn;
  return { ...framed(language, { title, body, isFirst: true }), script: PASSKEY_SCRIPT };
}

export function sessionsPage(
  language: AccountLanguage,
  sessions: readonly StandingSession[],
  { current, said }: { readonly current: string; readonly said: Said },
): Page {
  const say = accountWords[language];
  const entry = ({ id, browser, signedInAt, lastUsedAt }: StandingSession) => {
    const named = browser === '' ? say.unknownBrowser : browser;
    return html`<li>
<h2>${named}${id === current ? html` <span class="mark">${say.thisOne}</span>` : NOTHING}</h2>
<p class="muted">${say.since}: ${momentIn(language, signedInAt)}<br>${say.lastUsed}: ${momentIn(language, lastUsedAt)}</p>
<form method="post" action="/account/sessions/end"><input type="hidden" name="session" value="${id}"><button aria-label="${say.endOne}: ${named}">${say.endOne}</button></form>
</li>`;
  };
  const body = html`<ul class="entries">${sessions.map(entry)}</ul>
<form method="post" action="/account/sessions/end-all">
<p>${say.endAllWhat}</p>
<button>${say.endAll}</button>
</form>`;
  return framed(language, { title: say.sessions, body, said });
}

export interface CredentialsShown {
  readonly said: Said;
  readonly passwords: boolean;
  readonly providers: readonly FederatedProvider[];
}

export function credentialsPage(
  language: AccountLanguage,
  credentials: readonly StoredCredential[],
  { said, passwords, providers }: CredentialsShown,
): Page {
  const say = accountWords[language];
  const more = passwordWords[language];
  const kinds = { passkey: say.passkey, password: more.passwordKind, totp: more.codeKind };
  const titleOf = ({ kind, label }: StoredCredential) => {
    if (kind === 'recovery') return [say.recovery, label];
    if (kind !== 'identity') return [kinds[kind], label];
    const provider = providers.find(({ issuer }) => issuer === label);
    const name = provider === undefined ? label : nameOf(provider, language);
    return [providerWords[language].identity(name)];
  };
  const entry = (credential: StoredCredential) => {
    const { id, createdAt, lastUsedAt } = credential;
    const synced = isSynced(credential);
    const used =
      lastUsedAt === null
        ? say.neverUsed
        : html`${say.lastUsed}: ${momentIn(language, lastUsedAt)}`;
    const name = titleOf(credential)
      .filter((part) => part !== '')
      .join(', ');
    return html`<li>
<h2>${name}</h2>
<p class="muted">${say.made}: ${momentIn(language, createdAt)}<br>${used}${synced === null ? NOTHING : html`<br>${synced ? say.synced : say.oneDevice}`}</p>
<form method="post" action="/account/credentials/remove"><input type="hidden" name="credential" value="${id}"><button aria-label="${say.remove}: ${name}">${say.remove}</button></form>
</li>`;
  };
  // Recovery codes have a page of their own: they sign nobody in.
  const shown = credentials.filter(({ kind }) => kind !== 'recovery');
  const body = html`<ul class="entries">${shown.map(entry)}</ul>
<p><a class="button first" href="${PLACES.passkey}">${say.addPasskey}</a></p>
${
  passwords
    ? html`<p>${more.both}</p>
<p><a class="button" href="${PLACES.password}">${more.setTitle}</a></p>
<p><a class="button" href="${PLACES.code}">${more.codeTitle}</a></p>`
    : NOTHING
}
${providerChoice(language, providers, { path: '/account/credentials/link', kind: 'link' })}`;
  return framed(language, { title: say.credentials, body, said });
}

export function newPasskeyPage(language: AccountLanguage): Page {
  const say = accountWords[language];
  const common = words[language];
  const path = PLACES.passkey;
  const body = html`<p>${say.addPasskeyWhat} ${common.whatIsPasskey}</p>
${passkeyForm(common, {
  ...{ kind: 'enrol', path, begin: `${path}/begin`, finish: `${path}/finish` },
  button: common.makePasskey,
})}`;
  return { ...framed(language, { title: say.addPasskey, body }), script: PASSKEY_SCRIPT };
}

/** A grant, with what people know it by. */
export interface ShownGrant extends Pick<StoredGrant, 'id' | 'givenAt' | 'expiresAt'> {
  readonly client: string;
  /** One line each, as they stood on the page where it was allowed. */
  readonly rights: readonly string[];
}

export function grantsPage(
  language: AccountLanguage,
  grants: readonly ShownGrant[],
  said: Said,
): Page {
  const say = accountWords[language];
  const entry = ({ id, client, rights, givenAt, expiresAt }: ShownGrant) => html`<li>
<h2>${client}</h2>
<ul>${rights.map((right) => html`<li>${right}</li>`)}</ul>
<p class="muted">${say.allowed}: ${momentIn(language, givenAt)}<br>${say.until}: ${dayIn(language, expiresAt)}</p>
<form method="post" action="/account/grants/take-back"><input type="hidden" name="grant" value="${id}"><button aria-label="${say.takeBack}: ${client}">${say.takeBack}</button></form>
</li>`;
  const body =
    grants.length === 0
      ? html`<p>${say.noGrants}</p>`
      : html`<ul class="entries">${grants.map(entry)}</ul>`;
  return framed(language, { title: say.grants, body, said });
}

export function recoveryCodesPage(
  language: AccountLanguage,
  left: number,
  /** Just made; null: they are shown no more. */
  codes: readonly string[] | null,
): Page {
  const say = accountWords[language];
  const body =
    codes === null
      ? html`<p>${say.recoveryWhat}</p>
<p>${say.recoveryLeft(left)}</p>
<form method="post" action="${PLACES['recovery-codes']}">
${left === 0 ? NOTHING : html`<p>${say.makeCodesWhat}</p>`}
<button class="first">${say.makeCodes}</button>
</form>`
      : html`<p>${say.codesOnce}</p>
<ol class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>`;
  return framed(language, { title: say.recovery, body });
}

export function recoverPage(language: AccountLanguage, isRefused: boolean): Page {
  const say = accountWords[language];
  const body = html`<p>${say.recoverWhat}</p>
<form method="post" action="/recover">
${isRefused ? html`<p class="said" role="alert">${say.recoverFailed}</p>` : NOTHING}
<label for="code">${say.recoveryCode}</label>
<input id="code" name="code" required maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false">
<button class="first">${say.recoverGo}</button>
</form>`;
  return framed(language, { title: say.recover, body, isFirst: true });
}
