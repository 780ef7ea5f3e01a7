import { readFileSync } from 'node:fs';
import { parseJsonText } from '@poorter/openapi/json';
import { packageFile } from './program-files.ts';

/** Of this program, as its package says. */
export function programVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (parseJsonText(text) as { version: string }).version;
}
