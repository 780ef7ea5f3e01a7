import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { Markup } from './page.ts';

const LOCALES: Readonly<Record<AccountLanguage, string>> = {
  nl: 'nl-BE',
  fr: 'fr-BE',
  de: 'de-DE',
  en: 'en-GB',
};
const DAY = { day: 'numeric', month: 'long', year: 'numeric' } as const;
const TIME = {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
} as const;
const SECOND = { second: '2-digit' } as const;

/** Day and time, with the zone named: of the server, since pages do not know that of a browser. */
export function momentIn(language: AccountLanguage, ms: number): Markup {
  return marked(ms, new Intl.DateTimeFormat(LOCALES[language], { ...DAY, ...TIME }));
}

export function dayIn(language: AccountLanguage, ms: number): Markup {
  return marked(ms, new Intl.DateTimeFormat(LOCALES[language], DAY));
}

/** To the second, for what has just happened. */
export function timeIn(language: AccountLanguage, ms: number): string {
  return new Intl.DateTimeFormat(LOCALES[language], { ...TIME, ...SECOND }).format(ms);
}

function marked(ms: number, format: Intl.DateTimeFormat): Markup {
  return html`<time datetime="${new Date(ms).toISOString()}">${format.format(ms)}</time>`;
}

/** In plain text. */
export function momentText(language: AccountLanguage, ms: number): string {
  return new Intl.DateTimeFormat(LOCALES[language], { ...DAY, ...TIME }).format(ms);
}
