import type { MigrationSet } from '../platform/database/index.ts';
import { packageFile, programVersion } from '../platform/program/index.ts';

export function stateMigrations(): MigrationSet {
  const directory = packageFile('migrations/state');
  return { domain: 'state', directory, program: programVersion() };
}
