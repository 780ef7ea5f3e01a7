import type { MigrationSet } from '../../platform/database/index.ts';
import { packageFile, programVersion } from '../../platform/program/index.ts';

export function issuerMigrations(): MigrationSet {
  const directory = packageFile('migrations/issuer');
  return { domain: 'issuer', directory, program: programVersion() };
}
