import { readFileSync } from 'node:fs';
import { parseJsonText } from '@poorter/openapi/json';

export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (parseJsonText(text) as { version: string }).version;
}
