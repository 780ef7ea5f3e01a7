import type { IncomingMessage } from '../../platform/http/index.ts';

/** What names itself after another stands before it: Edge calls itself Chrome, and Chrome calls itself Safari. */
const BROWSERS: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg(?:A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
];
const SYSTEMS: readonly (readonly [name: string, mark: RegExp])[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];
const AGENT_MAX = 1_000;

/** By which somebody knows again where they were, such as 'Firefox, Windows'; nothing is decided by it. */
export function browserOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const agent = (headers['user-agent'] ?? '').slice(0, AGENT_MAX);
  const named = [BROWSERS, SYSTEMS].flatMap(
    (list) => list.find(([, mark]) => mark.test(agent)) ?? [],
  );
  return named.filter((one) => typeof one === 'string').join(', ');
}
