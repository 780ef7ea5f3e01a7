import { fileURLToPath } from 'node:url';
import type { MigrationSet } from '../../platform/database/index.ts';
import { programVersion } from '../../platform/processes/index.ts';

export function issuerMigrations(): MigrationSet {
  // Beside `src` and `dist`, for both.
  const directory = fileURLToPath(new URL('../../../migrations/issuer', import.meta.url));
  return { domain: 'issuer', directory, program: programVersion() };
}
