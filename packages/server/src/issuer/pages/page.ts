import { html } from 'hono/html';
import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { ServerResponse } from '../../platform/http/index.ts';

export type Markup = ReturnType<typeof html>;

export interface Page {
  readonly language: AccountLanguage;
  readonly title: string;
  readonly body: Markup;
  /** A file of `assets`. */
  readonly script?: string;
  /** Where its form may lead besides this origin: a browser blocks the redirect otherwise. */
  readonly leadsTo?: string;
}

/**
 * As a policy for forms names it: an origin, or a scheme of an application's own; and the page to which that leads on, where it
 * does. Undefined: it leads nowhere.
 */
export function leadsTo(uri: unknown, page: string | null = null): string | undefined {
  if (typeof uri !== 'string') return undefined;
  const { origin, protocol } = new URL(uri);
  const first = origin === 'null' ? protocol : origin;
  return page === null ? first : `${first} ${page}`;
}

/** Nothing inline, nothing from elsewhere, in nobody's frame. */
function policyOf({ leadsTo }: Pick<Page, 'leadsTo'>): string {
  const target = leadsTo === undefined ? '' : ` ${leadsTo}`;
  return [
    ...[
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
    ],
    ...[`form-action 'self'${target}`, "frame-ancestors 'none'", "base-uri 'none'"],
  ].join('; ');
}

/** What every answer with a page in it says of itself. */
export function pageHeaders(page: Pick<Page, 'leadsTo'>, isSecure: boolean): string[][] {
  return [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-security-policy', policyOf(page)],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    // Nothing goes elsewhere; with `no-referrer` our own forms would come from nowhere, too (Fetch, origin of a request).
    ['referrer-policy', 'same-origin'],
    ['cross-origin-opener-policy', 'same-origin'],
    ...(isSecure ? [['strict-transport-security', 'max-age=31536000']] : []),
  ];
}

export async function sendPage(
  response: ServerResponse,
  status: number,
  page: Page,
  isSecure: boolean,
): Promise<void> {
  const text = String(await markupOf(page));
  response.statusCode = status;
  for (const [name = '', value = ''] of pageHeaders(page, isSecure))
    response.setHeader(name, value);
  response.end(text);
}

export function markupOf({ language, title, body, script }: Page): Markup {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
${script === undefined ? '' : html`<script type="module" src="/assets/${script}"></script>`}
</head>
<body><main>${body}</main></body>
</html>
`;
}
