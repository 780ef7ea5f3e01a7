import { readFileSync } from 'node:fs';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const FOLDER = new URL('../../../assets/', import.meta.url);
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
  const asset = { type: TYPES[name] as string, bytes: readFileSync(new URL(name, FOLDER)) };
  read.set(name, asset);
  return asset;
}
