import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * `npm run build`: what others install, as JavaScript, into `dist` of each package; with types where they put it
 * into programs of their own. In this repository everything runs from its source.
 */
const root = dirname(import.meta.dirname);
/** In this order: each is built against the types of those before it. */
const PACKAGES = [
  { name: 'openapi', entries: exported('openapi') },
  { name: 'engine', entries: exported('engine') },
  { name: 'middleware', entries: exported('middleware') },
  {
    name: 'server',
    entries: ['main.ts', ...startedByPath('server')],
  },
];

/** What a package shows, below its `src`. */
function exported(name: string): string[] {
  const text = readFileSync(join(root, 'packages', name, 'package.json'), 'utf8');
  const { exports } = JSON.parse(text) as { exports: Record<string, { source?: string }> };
  return Object.values(exports).flatMap(({ source }) =>
    source === undefined ? [] : [source.replace('./src/', '')],
  );
}

/** Processes and threads: nothing imports them, their paths end in the extension of whoever starts them. */
function startedByPath(name: string): string[] {
  const folder = join(root, 'packages', name, 'src');
  return globSync('**/*.ts', { cwd: folder }).flatMap((file) => {
    if (/\.(?:test|fixture)\.ts$/.test(file)) return [];
    const text = readFileSync(join(folder, file), 'utf8');
    const paths = text.matchAll(/`([^`$]+)\$\{(?:EXTENSION|extname\(import\.meta\.filename\))\}`/g);
    return [...paths].map(([, path = '']) => `${join(dirname(file), path)}.ts`);
  });
}

for (const { name, entries } of PACKAGES) {
  const folder = join(root, 'packages', name);
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  // Inside the package: what it imports is looked for from there.
  const scratch = mkdtempSync(join(folder, '.build-'));
  try {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        ...{
          noEmit: false,
          declaration: name !== 'server',
          sourceMap: false,
          customConditions: [],
        },
        // What an older Node can parse, so that it comes to say what it lacks.
        target: 'es2022',
        ...{ rootDir: join(folder, 'src'), outDir: join(folder, 'dist') },
      },
      files: entries.map((entry) => join(folder, 'src', entry)),
      include: [],
    };
    const file = join(scratch, 'tsconfig.json');
    writeFileSync(file, JSON.stringify(config));
    const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', file], {
      stdio: 'inherit',
    });
    if (status !== 0) {
      process.exitCode = 1;
      // What the next is built against is not there; ended here, nothing would be tidied up.
      break;
    }
    console.log(`built packages/${name}/dist`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
