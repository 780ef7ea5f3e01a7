import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Rules of this house that no linter knows. What broke one when it was made is listed, and the list only shrinks. */

export interface Exceptions {
  /** Sources that are longer than they may be, and how long they are. */
  readonly lines: Readonly<Record<string, number>>;
  /** Domains that ask the machine what time it is, or for a random number. */
  readonly clocks: readonly string[];
}

/** By its path from the root of the repository. */
export type Tree = ReadonlyMap<string, string>;

const LINES_MAX = 400;
const isSource = (path: string): boolean =>
  /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !/\.(?:test|fixture|generated)\.ts$/.test(path);

/** Whoever runs as a process opens the world and hands it on; domains are given theirs. */
const OWNS_A_CLOCK =
  /^packages\/(?:middleware\/|server\/src\/(?:platform|gateway|supervisor|cli)\/|server\/src\/control\/(?:threads\/|[a-z-]+-process\.ts$)|server\/src\/main\.ts$)/;
const CLOCK = /\b(?:Date\.now|performance\.now|Math\.random)\b/;

export function tidyFaults(tree: Tree, exceptions: Exceptions): string[] {
  return [
    ...longSources(tree, exceptions.lines),
    ...clocks(tree, exceptions.clocks),
    ...missingPaths(tree),
    ...misnamedTests(tree),
    ...unshownRequirements(tree),
    ...incompletePolicies(tree),
    ...otherRuntimes(tree),
    ...brokenDomains(tree),
    ...unmerged(tree),
  ];
}

function* longSources(tree: Tree, listed: Exceptions['lines']): Generator<string> {
  for (const [path, text] of tree) {
    if (!isSource(path)) continue;
    const lines = text.split('\n').length - 1;
    const most = listed[path];
    if (lines > (most ?? LINES_MAX)) {
      yield `${path}: ${lines} lines, and it may have ${most ?? LINES_MAX}: what does it do besides?`;
    } else if (most !== undefined && lines < most) {
      const rest = lines > LINES_MAX ? `write ${lines}` : 'take it out';
      yield `${path}: ${lines} lines, and ${most} are listed in tools/tidy-exceptions.json: ${rest}`;
    }
  }
  for (const path of Object.keys(listed)) {
    if (!tree.has(path)) yield `${path}: listed in tools/tidy-exceptions.json, and is not there`;
  }
}

function* clocks(tree: Tree, listed: readonly string[]): Generator<string> {
  for (const [path, text] of tree) {
    if (!isSource(path) || OWNS_A_CLOCK.test(path)) continue;
    const asks = CLOCK.test(withoutComments(text));
    if (asks && !listed.includes(path)) {
      yield `${path}: asks the machine for the time or a random number; it is to be given them (platform/world)`;
    } else if (!asks && listed.includes(path)) {
      yield `${path}: asks for nothing any more: take it out of tools/tidy-exceptions.json`;
    }
  }
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

/** What was true of a release stays in the list of changes. */
const isPage = (path: string): boolean =>
  /^(?:docs|packages)\/.*\.md$|^[A-Z]+\.md$/.test(path) && path !== 'CHANGELOG.md';

/** Of a page: files that it names in backticks, by the end of their path, and files that it links to. */
function* missingPaths(tree: Tree): Generator<string> {
  const paths = [...tree.keys()];
  for (const [page, text] of tree) {
    if (!isPage(page)) continue;
    for (const [, named = ''] of text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\.ts)`/g)) {
      // `x-store.ts` stands for one of each domain.
      if (named.startsWith('x-')) continue;
      if (paths.some((path) => path === named || path.endsWith(`/${named}`))) continue;
      yield `${page}: names ${named}, and there is no such file`;
    }
    for (const [, linked = ''] of text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
      const target = normalize(join(dirname(page), linked)).replace(/\/$/, '');
      if (tree.has(target) || paths.some((path) => path.startsWith(`${target}/`))) continue;
      yield `${page}: links to ${linked}, and there is no such file`;
    }
  }
}

/** Of a page: tests that it names as `file` › name, by the end of the path and word for word. */
function* misnamedTests(tree: Tree): Generator<string> {
  const tests = [...tree.keys()].filter((path) => path.endsWith('.test.ts'));
  for (const [page, text] of tree) {
    if (!isPage(page)) continue;
    for (const [, file = '', name = ''] of text.matchAll(NAMED_TEST)) {
      const [path, ...others] = tests.filter((one) => `/${one}`.endsWith(`/${file}`));
      if (path === undefined || others.length > 0) {
        yield `${page}: names tests of ${file}, and there ${path === undefined ? 'is no such file' : 'are several'}`;
      } else if (!hasTest(tree.get(path) ?? '', name)) {
        yield `${page}: names a test of ${file} that is not there: ${name}`;
      }
    }
  }
}

const NAMED_TEST = /`([\w./-]+\.test\.ts)` › (.+?)(?=<br>| \|$)/gm;

function hasTest(text: string, name: string): boolean {
  for (const [, , called] of text.matchAll(/\btest\(\s*(['"`])((?:(?!\1).)+)\1/g)) {
    if (called === name) return true;
  }
  return false;
}

/** Where it is said what the specifications ask. */
const SPECIFICATIONS = 'docs/reference/specifications.md';
const SHOWN = /^(?:`[^`]+` › .|\*\*(?:no test|not kept)\*\*)/;

/** Each requirement has its test, or says that it has none; each file that is named for it is there. */
function* unshownRequirements(tree: Tree): Generator<string> {
  const text = tree.get(SPECIFICATIONS) ?? '';
  let isTable = false;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) isTable = false;
    else if (line.endsWith('| shown by |')) isTable = true;
    else if (isTable && !line.startsWith('|---')) {
      const shown = line.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '';
      if (shown.split('<br>').every((one) => SHOWN.test(one))) continue;
      yield `${SPECIFICATIONS}: neither a test nor that there is none: ${line}`;
    }
  }
  const paths = [...tree.keys()];
  for (const [, named = ''] of text.matchAll(/`([\w./-]+\.(?:js|yaml))`/g)) {
    if (paths.some((path) => path.endsWith(`/${named}`))) continue;
    yield `${SPECIFICATIONS}: names ${named}, and there is no such file`;
  }
}

const POLICY = /^(packages\/engine\/src\/policies\/([^/]+))\//;
const ARCHITECTURE = 'docs/ARCHITECTURE.md';

/** Whoever makes a policy copies the folder of another, and has all that one is. */
function* incompletePolicies(tree: Tree): Generator<string> {
  const paths = [...tree.keys()];
  const folders = new Map(
    paths.flatMap((path) => {
      const [, folder = '', name = ''] = POLICY.exec(path) ?? [];
      return name === '' ? [] : [[folder, name] as const];
    }),
  );
  for (const [folder, name] of folders) {
    for (const file of ['index.ts', `${name}.md`]) {
      if (!tree.has(`${folder}/${file}`)) yield `${folder}: a policy has ${file}`;
    }
    const isTest = (path: string) => path.startsWith(`${folder}/`) && path.endsWith('.test.ts');
    if (!paths.some(isTest)) yield `${folder}: a policy has a test beside it`;
    if (!tree.get(ARCHITECTURE)?.includes(`\`policies/${name}\``)) {
      yield `${ARCHITECTURE}: says nothing of policies/${name}`;
    }
  }
}

const DOMAIN = /^(packages\/server\/src\/access\/([^/]+))\/(.+)$/;
/** They work on what others keep. */
const KEEPS_NOTHING: ReadonlySet<string> = new Set(['erasure']);

/** A domain is whole: whoever opens its folder finds the door, the table's verbs, the routes, the page and the tests. */
function* brokenDomains(tree: Tree): Generator<string> {
  const domains = new Map<string, { readonly name: string; readonly files: string[] }>();
  for (const path of tree.keys()) {
    const [, folder, name, file] = DOMAIN.exec(path) ?? [];
    if (folder === undefined || name === undefined || file === undefined) continue;
    const domain = domains.get(folder) ?? { name, files: [] };
    domain.files.push(file);
    domains.set(folder, domain);
  }
  for (const [folder, { name, files }] of domains) {
    const has = (pattern: RegExp) => files.some((file) => pattern.test(file));
    const parts: readonly (readonly [string, boolean])[] = [
      ['index.ts', has(/^index\.ts$/)],
      ['a store (x-store.ts)', has(/^[a-z-]+-store\.ts$/) || KEEPS_NOTHING.has(name)],
      ['routes (x-routes.ts)', has(/^[a-z-]+-routes\.ts$/)],
      [`its page (${name}.md)`, files.includes(`${name}.md`)],
      ['a test', has(/\.test\.ts$/)],
    ];
    for (const [part, isThere] of parts) {
      if (!isThere) yield `${folder}: a domain, and has not ${part}`;
    }
    const page = `${folder}/${name}.md`;
    if (tree.has(page) && !tree.get(ARCHITECTURE)?.includes(`](../${page})`)) {
      yield `${page}: is not linked from ${ARCHITECTURE}`;
    }
  }
}

/** Which Node is needed is said here, and elsewhere as here. */
const REQUIRES = 'packages/openapi/package.json';

function* otherRuntimes(tree: Tree): Generator<string> {
  const text = tree.get(REQUIRES);
  if (text === undefined) return;
  const [, version] = /^>=(\d+\.\d+\.\d+)$/.exec(nodeOf(JSON.parse(text)) ?? '') ?? [];
  if (version === undefined) yield `${REQUIRES}: engines.node is to be >= and a whole version`;
  for (const [path, said] of requiredRuntimes(tree)) {
    if (version !== undefined && said !== version) {
      yield `${path}: requires Node ${said}, and ${REQUIRES} ${version}`;
    }
  }
}

function* requiredRuntimes(tree: Tree): Generator<readonly [path: string, version: string]> {
  for (const [path, text] of tree) {
    if (/^packages\/[^/]+\/package\.json$/.test(path)) {
      yield [path, (nodeOf(JSON.parse(text)) ?? 'of any version').replace(/^>=/, '')];
    } else if (path === 'package-lock.json') {
      const { packages } = JSON.parse(text) as { packages: Record<string, Manifest> };
      for (const [name, locked] of Object.entries(packages)) {
        if (!/^packages\/[^/]+$/.test(name)) continue;
        yield [`${path}, ${name}`, (nodeOf(locked) ?? 'of any version').replace(/^>=/, '')];
      }
    } else if (/^packages\/.*\.(?:mjs|ts)$/.test(path)) {
      for (const [, said = ''] of text.matchAll(/^const RECOMMENDED = '([^']*)'/gm))
        yield [path, said];
    } else if (isPage(path)) {
      for (const [, said = ''] of text.matchAll(/\bNode (\d[\d.]*\d) or newer/g))
        yield [path, said];
    }
  }
}

/** What a merge leaves where nobody has decided. */
const MARKER = /^(?:<{7}|>{7}|\|{7}) /m;

function* unmerged(tree: Tree): Generator<string> {
  for (const [path, text] of tree) {
    if (MARKER.test(text)) yield `${path}: two versions of it were merged, and both stand there`;
  }
}

interface Manifest {
  readonly engines?: { readonly node?: string };
}

function nodeOf({ engines }: Manifest): string | undefined {
  return engines?.node;
}

/** Pages say where in it a requirement is kept. */
function protocolLibrary(root: string): string[] {
  const folder = 'node_modules/oidc-provider/lib';
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files.map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
}

function main(): void {
  const root = join(import.meta.dirname, '..');
  // What is not committed yet counts as well.
  const argv = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = spawnSync('git', argv, { cwd: root, encoding: 'utf8' });
  const isText = (path: string) => /\.(?:ts|md|json|yaml|mjs)$/.test(path);
  const there = stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
  const tree = new Map(
    [...there, ...protocolLibrary(root)].map((path) => [
      path,
      isText(path) ? readFileSync(join(root, path), 'utf8') : '',
    ]),
  );
  const listed = readFileSync(join(root, 'tools/tidy-exceptions.json'), 'utf8');
  const faults = tidyFaults(tree, JSON.parse(listed) as Exceptions);
  for (const fault of faults) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
