import { html } from 'hono/html';
import { encode } from 'uqr';
import type { Markup } from './page.ts';

/** Quiet zone, ISO/IEC 18004. */
const BORDER = 4;

/** What a camera reads. Dark on light in both themes: many read nothing else. */
export function qrCode(text: string, label: string): Markup {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${path}"/></svg>`;
}
