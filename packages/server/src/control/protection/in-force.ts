import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import { RESTORED_MARK } from '../../state/backup/index.ts';
import type { AppliedChange } from './change.ts';
import {
  IN_FORCE_FILE,
  type PackedProtection,
  PROTECTION_FORM,
  type Protection,
  packProtection,
} from './protection.ts';

/** What stands in it while nothing was ever in force: that it is not there says no such thing. */
export const NOTHING_YET = JSON.stringify({ nothingYet: true });
/** A directory that holds one of these was served from, or was being. */
const TRACES = ['snapshot-version', 'state.sqlite'];

export interface InForce {
  readonly digest: string;
  /** Keyed digests of what its files held, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly protection: PackedProtection;
  readonly weakened: AppliedChange | null;
}

/** null: nothing was ever in force. */
export type Known = InForce | null | 'unreadable';

export function readInForce(dataDirectory: string): Known {
  const stored = readStored(dataDirectory);
  if (stored === null || stored === 'unreadable') return stored;
  return { ...stored, protection: packProtection(stored.protection) };
}

/** For whoever looks at a directory that is another's: null where nothing is known. */
export function readProtectionInForce(dataDirectory: string): Protection | null {
  const stored = readStored(dataDirectory);
  return stored === 'unreadable' ? null : (stored?.protection ?? null);
}

/** As it stands in the file. */
export function inForceText(known: InForce | null): string | Uint8Array {
  if (known === null) return NOTHING_YET;
  const { protection, ...rest } = known;
  const head = JSON.stringify(rest).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},"protection":`), protection.bytes, Buffer.from('}')]);
}

type Stored = Omit<InForce, 'protection'> & { readonly protection: Protection };

function readStored(dataDirectory: string): Stored | null | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(join(dataDirectory, IN_FORCE_FILE), 'utf8');
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isGone && isNew(dataDirectory) ? null : 'unreadable';
  }
  if (text === NOTHING_YET) return null;
  try {
    const value = parseJsonText(text) as Partial<Stored> | null;
    const isKnown = value?.protection?.form === PROTECTION_FORM && typeof value.digest === 'string';
    return isKnown ? (value as Stored) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** A backup holds nothing of what was in force: whoever restores one starts anew. */
function isNew(dataDirectory: string): boolean {
  const holds = (name: string) => existsSync(join(dataDirectory, name));
  return holds(RESTORED_MARK) || !TRACES.some(holds);
}
