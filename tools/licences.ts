import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether every dependency, as it is locked, may be used and passed on with the program. */
const ALLOWED = new Set(['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']);
/** Reads like MIT, and says more of patents. */
ALLOWED.add('BlueOak-1.0.0');

interface Locked {
  readonly license?: string;
  readonly link?: boolean;
}

const root = dirname(import.meta.dirname);
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const refused = Object.entries(packages).filter(
  ([path, { link, license }]) =>
    path.includes('node_modules/') && link !== true && !isAllowed(license ?? 'none'),
);
for (const [path, { license }] of refused) console.log(`${path}: ${license ?? 'says no licence'}`);
process.exitCode = refused.length === 0 ? 0 : 1;

/** An SPDX expression of OR and AND, without brackets. */
function isAllowed(expression: string): boolean {
  return expression
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => ALLOWED.has(licence)));
}
