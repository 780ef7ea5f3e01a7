import type { AccountLanguage } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { markupOf, type Page, pageHeaders } from '../pages/page.ts';
import { languageOf } from '../pages/words.ts';

/** What a page that the protocol answers with needs of its call. */
export interface PageContext {
  readonly req: { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
  readonly oidc?: { readonly params?: Readonly<Record<string, unknown>> };
  set(name: string, value: string): void;
  body: unknown;
  type: string;
}

/** In the language that the application asks for, or else the browser. OpenID Connect Core §3.1.2.1. */
export async function showPage(
  ctx: PageContext,
  { origin }: Pick<IssuerSnapshot, 'origin'>,
  draw: (language: AccountLanguage) => Page,
): Promise<void> {
  const asked = ctx.oidc?.params?.['ui_locales'];
  const accepted = ctx.req.headers['accept-language'];
  const page = draw(
    languageOf(
      typeof asked === 'string' ? asked.replaceAll(' ', ',') : undefined,
      typeof accepted === 'string' ? accepted : undefined,
    ),
  );
  for (const [name = '', value = ''] of pageHeaders(page, origin.startsWith('https:'))) {
    ctx.set(name, value);
  }
  ctx.body = String(await markupOf(page));
}
