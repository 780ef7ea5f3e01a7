import { html } from 'hono/html';
import type { ShownDetail } from './detail-words.ts';
import type { Markup } from './page.ts';

/** For money, what it costs and who gets it stand first, and large. RTS (EU) 2018/389 art. 5(1)(a). */
export function detailOn({ title, amount, payee, lines }: ShownDetail): Markup {
  return html`<section class="detail">
${amount === null ? html`<h2>${title}</h2>` : html`<p class="amount">${amount}</p><p class="payee">${payee}</p>`}
<dl>${lines.map(({ label, value }) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>
</section>`;
}
