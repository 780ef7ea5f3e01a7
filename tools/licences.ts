import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Whether every dependency, as it is locked, may be used and passed on with the program, is pinned to one
 * version, and has its reason in docs/DEPENDENCIES.md.
 */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
]);
/** Reads like MIT, and says more of patents. */
ALLOWED.add('BlueOak-1.0.0');

/** What tests run and nobody is given: changes to it would have to be published, and there are none. */
const TESTS_RUN: Readonly<Record<string, string>> = {
  'node_modules/axe-core': 'MPL-2.0',
  'node_modules/scim2-parse-filter': 'Unlicense',
};

interface Locked {
  readonly license?: string;
  readonly link?: boolean;
}

type Versions = Readonly<Record<string, string>>;

interface Named {
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
}

const root = dirname(import.meta.dirname);
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};
const refused = Object.entries(packages).filter(
  ([path, { link, license }]) =>
    path.includes('node_modules/') &&
    link !== true &&
    TESTS_RUN[path] !== license &&
    !isAllowed(license ?? 'none'),
);
const faults = refused.map(([path, { license }]) => `${path}: ${license ?? 'says no licence'}`);

const reasons = readFileSync(join(root, 'docs/DEPENDENCIES.md'), 'utf8');
for (const folder of [
  '',
  'packages/openapi',
  'packages/engine',
  'packages/middleware',
  'packages/server',
]) {
  const given = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Named;
  const named = { ...given.dependencies, ...given.devDependencies, ...given.optionalDependencies };
  for (const [name, version] of Object.entries(named)) {
    if (!/^\d+\.\d+\.\d+$/.test(version))
      faults.push(`${folder} ${name}: ${version} is not one version`);
    if (name.startsWith('@poorter/') || reasons.includes(`\`${name}\``)) continue;
    faults.push(`${folder} ${name}: has no reason in docs/DEPENDENCIES.md`);
  }
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** An SPDX expression of OR and AND, without brackets. */
function isAllowed(expression: string): boolean {
  return expression
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => ALLOWED.has(licence)));
}
