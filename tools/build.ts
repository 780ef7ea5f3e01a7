import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleServer } from './bundle-server.ts';

/**
 * `npm run build`: what others install, as JavaScript, into `dist` of each package. What they put into programs of
 * their own stays as many modules, with types; the server becomes one file for each of its processes and threads.
 */
const root = dirname(import.meta.dirname);
/** In this order: each is built against the types of those before it. */
const PACKAGES = [
  { name: 'openapi', entries: exported('openapi') },
  { name: 'engine', entries: exported('engine') },
  { name: 'middleware', entries: exported('middleware') },
];

/** What a package shows, below its `src`. */
function exported(name: string): string[] {
  const text = readFileSync(join(root, 'packages', name, 'package.json'), 'utf8');
  const { exports } = JSON.parse(text) as { exports: Record<string, { source?: string }> };
  return Object.values(exports).flatMap(({ source }) =>
    source === undefined ? [] : [source.replace('./src/', '')],
  );
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
          declaration: true,
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
if (process.exitCode === undefined) {
  await bundleServer(join(root, 'packages/server/dist'));
  console.log('built packages/server/dist');
}
