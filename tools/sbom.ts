import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleServer, placeForThisRun, removeBuilt } from './bundle-server.ts';

/**
 * `npm run sbom [FILE]`: what the program is made of, as a CycloneDX bill of materials: the packages that are inside
 * what is built, and those that are installed beside it; none of development. Default: poorter.cdx.json.
 */
interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** What npm says of a package that is inside: it is not installed. */
const DEVELOPMENT = 'cdx:npm:package:development';
const root = dirname(import.meta.dirname);
const file = process.argv[2] ?? join(root, 'poorter.cdx.json');
const scratch = placeForThisRun();
const packages = await bundleServer(scratch);
const inside = new Set(packages.map(({ name, version }) => `${name}@${version}`));
removeBuilt(scratch);

const all = billOf();
const beside = reachable([
  ...named('packages/server', 'dependencies'),
  ...named('.', 'optionalDependencies'),
]);
const components = all.components
  .filter((one) => inside.has(one['bom-ref']) || beside.has(one['bom-ref']))
  .map((one) => ({
    ...one,
    properties: one.properties?.filter(({ name }) => name !== DEVELOPMENT),
  }));
const kept = new Set(components.map((one) => one['bom-ref']));
const dependencies = all.dependencies
  // The program itself is no component of its own.
  .filter(({ ref }) => kept.has(ref) || !all.components.some((one) => one['bom-ref'] === ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
const missing = [...inside].filter((one) => !kept.has(one));
if (missing.length > 0) throw new Error(`inside, and not in the lock file: ${missing.join(', ')}`);
writeFileSync(file, `${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
console.log(`wrote ${file}`);

/** What is installed with these. npm would leave out what tests of the repository have use for as well. */
function reachable(refs: readonly string[], found: Set<string> = new Set()): Set<string> {
  for (const ref of refs) {
    if (found.has(ref)) continue;
    found.add(ref);
    reachable(all.dependencies.find((one) => one.ref === ref)?.dependsOn ?? [], found);
  }
  return found;
}

function named(folder: string, kind: 'dependencies' | 'optionalDependencies'): string[] {
  const text = readFileSync(join(root, folder, 'package.json'), 'utf8');
  const given = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, string>>>>;
  return Object.entries(given[kind] ?? {}).map(([name, version]) => `${name}@${version}`);
}

/** Of the lock file, by npm. */
function billOf(): Bill {
  const npm = process.env['npm_execpath'];
  const [program, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const asked = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const { status, stdout, stderr } = spawnSync(program as string, [...first, ...asked], {
    ...{ cwd: root, encoding: 'utf8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`npm sbom: ${stderr}`);
  return JSON.parse(stdout) as Bill;
}
