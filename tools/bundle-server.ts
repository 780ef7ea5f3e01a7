import { globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/**
 * The server as what is published: one file for each process and thread, with the packages that it uses inside
 * (docs/decisions/0052-one-file-a-process.md).
 */
const root = dirname(import.meta.dirname);
const server = join(root, 'packages/server');
const source = join(server, 'src');

/** Beside what is built: the packages inside it, each with the text of its licence. */
export const LICENCES_FILE = 'LICENCES-OF-PACKAGES.txt';

const OF_COMMONJS = [
  "import { createRequire as requireFrom } from 'node:module';",
  'const require = requireFrom(import.meta.url);',
  'const { filename: __filename, dirname: __dirname } = import.meta;',
].join(' ');

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** 'node_modules/jose', from the root of the repository. */
  readonly path: string;
}

/** Where one run builds for itself. What is left of runs that were ended from outside goes first. */
export function placeForThisRun(): string {
  for (const name of globSync('.built-*', { cwd: server })) {
    if (!isRunning(Number(name.slice('.built-'.length)))) removeBuilt(join(server, name));
  }
  return join(server, `.built-${process.pid}`);
}

export function removeBuilt(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Writes all of it into a folder within `packages/server`. Resolves to the packages of others that are inside.
 * @param besides what only tests start as processes of their own, from `src`
 */
export async function bundleServer(
  folder: string,
  besides: readonly string[] = [],
): Promise<readonly BundledPackage[]> {
  removeBuilt(folder);
  const shared = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    conditions: ['source'],
    outdir: folder,
    outbase: source,
    absWorkingDir: root,
    external: ['pg-native', ...installedBeside()],
    // Packages of the older kind know these by themselves.
    banner: { js: OF_COMMONJS },
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
  } as const satisfies BuildOptions;
  const entries = ['main.ts', ...startedByPath(), ...besides];
  const built = await Promise.all(
    entries.map((path) =>
      build({
        ...shared,
        entryPoints: [join(source, path)],
        // What is loaded when it is needed, a verb of the command line or a database's client, stays apart.
        splitting: true,
        chunkNames: `${path.replace('.ts', '')}/[name]-[hash]`,
      }),
    ),
  );
  const warnings = built.flatMap((one) => one.warnings);
  if (warnings.length > 0) {
    throw new Error(warnings.map(({ text, location }) => `${location?.file}: ${text}`).join('\n'));
  }
  for (const { metafile } of built) refuseNameless(metafile);
  const inside = packagesOf(built.map(({ metafile }) => metafile));
  writeFileSync(join(folder, LICENCES_FILE), licencesOf(inside));
  return inside;
}

/** What `import()` gives of a package of the older kind has no names once it is built: a module of ours names them. */
function refuseNameless({ inputs }: Metafile): void {
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { kind, path } of imports) {
      if (kind !== 'dynamic-import' || inputs[path]?.format !== 'cjs') continue;
      throw new Error(
        `${file}: import() of ${path}: re-export its names from a module, and import that`,
      );
    }
  }
}

/** Processes and threads: nothing imports them, their paths are told to who starts them. */
function startedByPath(): string[] {
  const files = globSync('**/*.ts', { cwd: source }).filter(
    (file) => !/\.(?:test|fixture)\.ts$/.test(file),
  );
  const paths = files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8');
    return [...text.matchAll(/startedFile\('([^']+)'\)/g)].map(([, path]) => `${path}.ts`);
  });
  return [...new Set(paths)];
}

/** Machine code, one package a platform: it is installed, and not inside. */
function installedBeside(): string[] {
  const text = readFileSync(join(server, 'package.json'), 'utf8');
  return Object.keys((JSON.parse(text) as { dependencies: object }).dependencies);
}

function packagesOf(files: readonly Metafile[]): BundledPackage[] {
  const paths = new Set<string>();
  for (const { inputs } of files.flatMap(({ outputs }) => Object.values(outputs))) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const [path] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
      if (path !== undefined && bytesInOutput > 0) paths.add(path);
    }
  }
  return [...paths].toSorted().map((path) => {
    const text = readFileSync(join(root, path, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name: string; version: string };
    return { name, version, path };
  });
}

function licencesOf(inside: readonly BundledPackage[]): string {
  return inside
    .map(({ name, version, path }) => {
      const folder = join(root, path);
      const files = readdirSync(folder).filter((file) =>
        /^(?:licen[cs]e|notice|copying)/i.test(file),
      );
      const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
      return [`${name} ${version}`, ...(texts.length > 0 ? texts : [declared(folder)])].join(
        '\n\n',
      );
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}

/** Of a package that has no file with the text: what it says of itself. */
function declared(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8');
  const { license, author } = JSON.parse(text) as {
    license: string;
    author?: string | { name: string };
  };
  const by = typeof author === 'string' ? author : author?.name;
  return by === undefined ? license : `${license}, ${by}`;
}
