import { createHmac } from 'node:crypto';
import type { Configuration } from '../../configuration/schema.ts';
import { findWeakenings } from './find-weakenings.ts';
import type { InForce } from './in-force.ts';
import {
  IN_FORCE_FILE,
  type PackedProtection,
  type Protection,
  packProtection,
  unpackProtection,
} from './protection.ts';
import {
  groupWeakenings,
  type Weakening,
  type WeakeningGroup,
  type WeakeningKind,
} from './weakening.ts';

const DIGEST_CHARS = 32;
/** What people are shown at once; the number of all stands beside it. */
const GROUPS_MAX = 50;
const FILES_MAX = 20;

/** A configuration that was read whole. */
export interface Candidate {
  readonly configuration: Configuration;
  /** Digests of what its files hold, by path. */
  readonly contents: ReadonlyMap<string, string>;
  readonly protection: Protection;
}

/** What was in force, as far as others are held against it. */
export type Before = Pick<InForce, 'files' | 'protection'> | null | 'unreadable';

/** In what a candidate protects less than what was in force: all that must be known to decide about it. */
export interface Judgement {
  readonly digest: string;
  /** The first few of those that differ. */
  readonly changedFiles: readonly string[];
  readonly weakenings: readonly WeakeningGroup[];
  /** Of all weakenings, each operation counted. */
  readonly count: number;
  /** How many weakenings of each kind, all of them. */
  readonly kinds: ReadonlyMap<WeakeningKind, number>;
  /** Keyed digests of what the files hold, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly protection: PackedProtection;
}

/** `digestKey`: of the key ring, so that no digest can be guessed by whoever sees it. */
export function judgeChange(
  before: Before,
  digestKey: Uint8Array,
  candidate: Candidate,
): Judgement {
  const weakenings = weakeningsSince(before, candidate.protection);
  const files = keyedFiles(digestKey, candidate);
  const byKind = Map.groupBy(weakenings, ({ kind }) => kind);
  return {
    digest: digestOf(digestKey, files),
    changedFiles: changedFiles(before, files).slice(0, FILES_MAX),
    weakenings: groupWeakenings(weakenings).slice(0, GROUPS_MAX),
    count: weakenings.length,
    kinds: new Map([...byKind].map(([kind, { length }]) => [kind, length])),
    files,
    protection: packProtection(candidate.protection),
  };
}

function weakeningsSince(before: Before, next: Protection): readonly Weakening[] {
  if (before === null) return [];
  if (before !== 'unreadable') return findWeakenings(unpackProtection(before.protection), next);
  const sentence = `What was in force before cannot be read from ${IN_FORCE_FILE}: anything may be weaker.`;
  return [{ kind: 'before-unknown', api: null, operation: null, sentence }];
}

function changedFiles(before: Before, after: ReadonlyMap<string, string>): string[] {
  const files = before === null || before === 'unreadable' ? {} : before.files;
  const names = new Set([...after.keys(), ...Object.keys(files)]);
  return [...names].filter((name) => files[name] !== after.get(name)).sort();
}

function keyedFiles(key: Uint8Array, { configuration, contents }: Candidate): Map<string, string> {
  const keyed = [...contents].map(([path, text]) => [path, keyedHash(key, text)] as const);
  return new Map([['configuration', keyedHash(key, JSON.stringify(configuration))], ...keyed]);
}

function digestOf(key: Uint8Array, files: ReadonlyMap<string, string>): string {
  return keyedHash(key, JSON.stringify([...files].sort())).slice(0, DIGEST_CHARS);
}

function keyedHash(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
