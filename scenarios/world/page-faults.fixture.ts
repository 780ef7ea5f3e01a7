import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Chromium } from './chromium.fixture.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a page must not have: what axe finds, what is wider than the window, small to the touch, or too faint to read. */
export async function faultsOf(chromium: Chromium): Promise<unknown> {
  const own = (await ownFaultsOf(chromium)) as string[];
  if (!chromium.runsScripts) return own;
  const found = await chromium.read(
    `${AXE}; Promise.race([axe.run(document, { preload: false }), new Promise((_, no) => setTimeout(no, 20_000, 'late'))]).then(({ violations, passes }) => ({
      hasLooked: passes.length > 5,
      violations: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')),
    }), (error) => ({ hasLooked: true, violations: [String(error)] }))`,
  );
  const { hasLooked, violations } = (found ?? {}) as { hasLooked?: boolean; violations?: string[] };
  if (hasLooked !== true) return ['axe has looked at nothing'];
  return [...(violations ?? []), ...own];
}

async function ownFaultsOf(chromium: Chromium): Promise<unknown> {
  return chromium.read(`(() => {
    const faults = [];
    if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
    if (document.documentElement.lang === '') faults.push('no language');
    if (document.querySelectorAll('h1').length !== 1) faults.push('not one heading');
    if (document.title === '') faults.push('no title');
    const canvas = document.createElement('canvas').getContext('2d');
    const lightness = (color) => {
      canvas.fillStyle = color;
      const [r, g, b] = canvas.fillStyle.match(/[0-9a-f]{2}/g).map((part) => {
        const value = parseInt(part, 16) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (at) => {
      for (let one = at; one !== null; one = one.parentElement) {
        const { backgroundColor } = getComputedStyle(one);
        if (backgroundColor !== 'rgba(0, 0, 0, 0)') return backgroundColor;
      }
      return 'rgb(255, 255, 255)';
    };
    for (const at of document.querySelectorAll('h1, h2, p, li, a, label, code, button')) {
      if (at.innerText.trim() === '') continue;
      const [low, high] = [lightness(getComputedStyle(at).color), lightness(groundOf(at))].sort((a, b) => a - b);
      if ((high + 0.05) / (low + 0.05) < 4.5) faults.push('too faint: ' + at.innerText);
    }
    for (const at of document.querySelectorAll('button, a')) {
      if (at.hidden) continue;
      if (at.innerText.trim() === '') faults.push('a button without a name');
      if (at.getBoundingClientRect().height < 44) faults.push('a small button: ' + at.innerText);
    }
    for (const at of document.querySelectorAll('input:not([type=hidden])')) {
      if (at.labels.length !== 1) faults.push('a field without a name: ' + at.name);
      if (at.getBoundingClientRect().height < 44) faults.push('a small field: ' + at.name);
    }
    return faults;
  })()`);
}
