import { readFileSync } from 'node:fs';
import { packageFile } from '../../platform/program/index.ts';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  'style.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'passkey.js': 'text/javascript; charset=utf-8',
};
const read = new Map<string, Asset>();

/** One of the files that pages name; null: there is no such file. */
export function readAsset(name: string): Asset | null {
  if (!Object.hasOwn(TYPES, name)) return null;
  const known = read.get(name);
  if (known !== undefined) return known;
  const asset = { type: TYPES[name] as string, bytes: readFileSync(packageFile(`assets/${name}`)) };
  read.set(name, asset);
  return asset;
}
