import { spawnSync } from 'node:child_process';

/** Everything that can be said about the tree without running it. All steps run; any failure fails. */
const STEPS: readonly (readonly [name: string, command: string, ...argv: string[]])[] = [
  ['types', 'tsc', '-p', '.'],
  ['style', 'biome', 'ci', '--colors=off', '--diagnostic-level=warn', '.'],
  [
    'dependency direction',
    'depcruise',
    '--config',
    '.dependency-cruiser.json',
    'packages',
    'examples',
    'tools',
    'scenarios',
    'bench',
  ],
  ['tidy rules', 'node', 'tools/tidy-rules.ts'],
  ['dead code', 'knip'],
  ['generated files', 'node', '--conditions=source', 'tools/generate.ts', '--check'],
  ['licences', 'node', 'tools/licences.ts'],
];

const failed: string[] = [];
for (const [name, command, ...argv] of STEPS) {
  const result = spawnSync(command, argv, { encoding: 'utf8' });
  const isFine = result.status === 0;
  console.log(`${isFine ? 'ok    ' : 'FAILED'} ${name}`);
  if (isFine) continue;
  failed.push(name);
  console.log(result.stdout + result.stderr + (result.error?.message ?? ''));
}
console.log(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
