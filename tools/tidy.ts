import { spawnSync } from 'node:child_process';

/** Formats and mends what Biome can mend. */
const result = spawnSync('biome', ['check', '--write', '.'], { stdio: 'inherit' });
process.exitCode = result.status ?? 1;
