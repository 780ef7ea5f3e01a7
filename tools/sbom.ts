import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * `npm run sbom [FILE]`: what the program is made of, as a CycloneDX bill of materials of the locked
 * dependencies, without those of development. Default: poorter.cdx.json.
 */
const root = dirname(import.meta.dirname);
const file = process.argv[2] ?? join(root, 'poorter.cdx.json');
const npm = process.env['npm_execpath'];
const [program, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
const asked = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit', 'dev'];
const { status, stdout, stderr } = spawnSync(program as string, [...first, ...asked], {
  ...{ cwd: root, encoding: 'utf8' },
  maxBuffer: 64 * 1024 * 1024,
});
if (status === 0) {
  writeFileSync(file, stdout);
  console.log(`wrote ${file}`);
} else {
  console.error(`npm sbom: ${stderr}`);
  process.exitCode = 1;
}
