import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseJsonText } from '@poorter/openapi/json';
import type { MigrationSet } from '../platform/database/index.ts';

export function stateMigrations(): MigrationSet {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = parseJsonText(readFileSync(packageFile, 'utf8')) as { version: string };
  // Beside `src` and `dist`, for both.
  const directory = fileURLToPath(new URL('../../migrations/state', import.meta.url));
  return { domain: 'state', directory, program: version };
}
