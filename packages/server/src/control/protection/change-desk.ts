import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseJsonText } from '@poorter/openapi/json';
import type { Contract } from '../../admin-api/index.ts';
import type { Configuration } from '../../configuration/schema.ts';
import { writeDurably } from '../../platform/files/index.ts';
import { RESTORED_MARK } from '../../state/backup/index.ts';
import type { Attention } from '../serving.ts';
import { findWeakenings } from './find-weakenings.ts';
import { PROTECTION_FORM, type Protection } from './protection.ts';
import {
  groupWeakenings,
  WEAKENING_KINDS,
  type Weakening,
  type WeakeningGroup,
  type WeakeningKind,
} from './weakening.ts';

/** Beside the data that it speaks of. Holds no secret: digests are keyed. */
const FILE = 'configuration-in-force.json';
/** What stands in it while nothing was ever in force: that it is not there says no such thing. */
const NOTHING_YET = JSON.stringify({ nothingYet: true });
/** A directory that holds one of these was served from, or was being. */
const TRACES = ['snapshot-version', 'state.sqlite'];
const DIGEST_CHARS = 32;
/** What people are shown at once; the number of all stands beside it. */
const GROUPS_MAX = 50;
const FILES_MAX = 20;
/** So long `status` asks for attention after nobody was asked. */
const ATTENTION_MS = 86_400_000;

/** A configuration that was read whole. */
export interface Candidate {
  readonly configuration: Configuration;
  /** Digests of what its files hold, by path. */
  readonly contents: ReadonlyMap<string, string>;
  readonly protection: Protection;
}

/** What changed, and in what it protects less. */
export interface Change {
  readonly digest: string;
  readonly at: string;
  /** The first few of those that differ. */
  readonly files: readonly string[];
  readonly weakenings: readonly WeakeningGroup[];
  /** Of all weakenings, each operation counted. */
  readonly count: number;
}

export interface AppliedChange extends Change {
  /** Who said that it may be so; null: nobody was asked. */
  readonly approvedBy: string | null;
}

interface InForce {
  readonly digest: string;
  readonly files: Readonly<Record<string, string>>;
  readonly protection: Protection;
  readonly weakened: AppliedChange | null;
}

/** null: nothing was ever in force. */
type Known = InForce | null | 'unreadable';

interface ApplyVerdict {
  readonly kind: 'apply';
  readonly change: AppliedChange;
  /** How many weakenings of each kind, all of them. */
  readonly kinds: ReadonlyMap<WeakeningKind, number>;
  /** Keyed digests of what the files hold, by path. */
  readonly files: ReadonlyMap<string, string>;
}

export type Verdict =
  | ApplyVerdict
  /** `isNews`: it did not wait before. */
  | { readonly kind: 'hold'; readonly change: Change; readonly isNews: boolean };

export interface ChangeDeskPorts {
  readonly dataDirectory: string;
  readonly now: () => number;
}

/**
 * Holds a configuration that was read against the one in force, over restarts too, and says whether it
 * may take its place.
 */
export class ChangeDesk {
  readonly #ports: ChangeDeskPorts;
  readonly #file: string;
  #inForce: Known;
  #before: Known = null;
  #waiting: Change | null = null;
  #refused: Contract.ConfigurationStatus['refused'] = [];
  #approved: { readonly digest: string; readonly by: string } | null = null;
  /** Since this process started, by kind. */
  readonly #counts = new Map<WeakeningKind, number>();

  constructor(ports: ChangeDeskPorts) {
    this.#ports = ports;
    this.#file = join(ports.dataDirectory, FILE);
    this.#inForce = read(ports.dataDirectory);
  }

  /** Before anything else is written to a new directory: later, its absence is a loss. */
  begin(): void {
    if (this.#inForce === null && !existsSync(this.#file)) writeDurably(this.#file, NOTHING_YET);
  }

  /** null: nothing was served from this directory yet, or nobody can read what. */
  get before(): Protection | null {
    return this.#inForce === 'unreadable' ? null : (this.#inForce?.protection ?? null);
  }

  get waiting(): Change | null {
    return this.#waiting;
  }

  /** Of what is in force. */
  get digest(): string | null {
    return this.#inForce === 'unreadable' ? null : (this.#inForce?.digest ?? null);
  }

  /** The next candidate of this digest, and no other, may take its place although it is weaker. */
  approve(digest: string, by: string): void {
    this.#approved = { digest, by };
  }

  withdrawApproval(): void {
    this.#approved = null;
  }

  /** `digestKey`: of the key ring, so that no digest can be guessed by whoever sees it. */
  judge(digestKey: Uint8Array, candidate: Candidate): Verdict {
    const weakenings = this.#weakenings(candidate.protection);
    const files = keyedFiles(digestKey, candidate);
    const change: Change = {
      digest: digestOf(digestKey, files),
      at: new Date(this.#ports.now()).toISOString(),
      files: this.#changedFiles(files).slice(0, FILES_MAX),
      weakenings: groupWeakenings(weakenings).slice(0, GROUPS_MAX),
      count: weakenings.length,
    };
    const approvedBy = this.#approved?.digest === change.digest ? this.#approved.by : null;
    const asks = candidate.protection.reload === 'ask' || this.before?.reload === 'ask';
    if (change.count === 0 || approvedBy !== null || !asks) {
      const byKind = Map.groupBy(weakenings, ({ kind }) => kind);
      const kinds = new Map([...byKind].map(([kind, { length }]) => [kind, length]));
      return { kind: 'apply', change: { ...change, approvedBy }, kinds, files };
    }
    const isNews = this.#waiting?.digest !== change.digest;
    if (isNews) this.#waiting = change;
    this.#refused = [];
    return { kind: 'hold', change: this.#waiting as Change, isNews };
  }

  /** It takes the place of what was in force: from now on others are held against it. */
  apply({ protection }: Candidate, { change, kinds, files }: ApplyVerdict): void {
    const last = this.#inForce === 'unreadable' ? null : (this.#inForce?.weakened ?? null);
    const inForce: InForce = {
      digest: change.digest,
      files: Object.fromEntries(files),
      protection,
      weakened: change.count > 0 ? change : last,
    };
    if (!isDeepStrictEqual(inForce, this.#inForce)) {
      writeDurably(this.#file, JSON.stringify(inForce));
    }
    this.#before = this.#inForce;
    this.#inForce = inForce;
    for (const [kind, count] of kinds) {
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    }
    this.#waiting = null;
    this.#refused = [];
  }

  /** What was put in force last could not be served: others are held against what still is. */
  takeBack(): void {
    this.#inForce = this.#before;
    if (this.#inForce === null) writeDurably(this.#file, NOTHING_YET);
    else if (this.#inForce !== 'unreadable') {
      writeDurably(this.#file, JSON.stringify(this.#inForce));
    }
  }

  refuse(diagnostics: Contract.ConfigurationStatus['refused']): void {
    this.#refused = diagnostics.slice(0, FILES_MAX);
    this.#waiting = null;
  }

  /** Whether gateways on other machines may connect as they could before. */
  admitsSameGateways({ gateways, peers }: Protection): boolean {
    const { before } = this;
    const link = (of: Protection['peers']) => of['A gateway on another machine'];
    return (
      before !== null &&
      isDeepStrictEqual(before.gateways, gateways) &&
      isDeepStrictEqual(link(before.peers), link(peers))
    );
  }

  get status(): Contract.ConfigurationStatus {
    const weakened = this.#inForce === 'unreadable' ? null : (this.#inForce?.weakened ?? null);
    const isRefused = this.#refused.length > 0;
    return {
      state: isRefused ? 'refused' : this.#waiting !== null ? 'waiting' : 'current',
      digest: this.digest,
      refused: this.#refused,
      waiting: this.#waiting,
      weakened,
    };
  }

  /** What of it somebody should look at. */
  get attention(): Attention[] {
    const { refused, waiting, weakened } = this.status;
    const attention: Attention[] = [];
    const [first] = refused;
    if (first !== undefined) {
      const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
      const where = `${first.file}:${first.line}:${first.column}`;
      const message = `the last good one stays in force; ${where}: ${first.message}${more}`;
      attention.push({ code: 'configuration_refused', message });
    }
    if (waiting !== null) {
      const message = `${waiting.count} weakenings of protection wait; to put them in force: poorter apply ${waiting.digest}`;
      attention.push({ code: 'configuration_waits', message });
    }
    if (weakened !== null && weakened.approvedBy === null && this.#isRecent(weakened)) {
      const message = `since ${weakened.at} it protects less in ${weakened.count} places`;
      attention.push({ code: 'protection_weakened', message });
    }
    return attention;
  }

  /** In the text format of Prometheus. */
  get metrics(): readonly string[] {
    // All kinds from the beginning: a counter that begins at one was never seen to rise.
    const counts = WEAKENING_KINDS.map((kind) => {
      return `poorter_configuration_weakenings_total{kind="${kind}"} ${this.#counts.get(kind) ?? 0}`;
    });
    return [
      '# HELP poorter_configuration_weakenings_total Weakenings of protection that reloads put in force, by kind.',
      '# TYPE poorter_configuration_weakenings_total counter',
      ...counts,
      '# HELP poorter_configuration_waiting Weakenings of protection that wait for poorter apply.',
      '# TYPE poorter_configuration_waiting gauge',
      `poorter_configuration_waiting ${this.#waiting?.count ?? 0}`,
    ];
  }

  #weakenings(next: Protection): readonly Weakening[] {
    if (this.#inForce === null) return [];
    if (this.#inForce !== 'unreadable') return findWeakenings(this.#inForce.protection, next);
    const sentence = `What was in force before cannot be read from ${FILE}: anything may be weaker.`;
    return [{ kind: 'before-unknown', api: null, operation: null, sentence }];
  }

  #isRecent({ at }: { readonly at: string }): boolean {
    return this.#ports.now() - Date.parse(at) < ATTENTION_MS;
  }

  #changedFiles(after: ReadonlyMap<string, string>): string[] {
    const before = this.#inForce === null || this.#inForce === 'unreadable' ? null : this.#inForce;
    const names = new Set([...after.keys(), ...Object.keys(before?.files ?? {})]);
    return [...names].filter((name) => before?.files[name] !== after.get(name)).sort();
  }
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

/** For whoever looks at a directory that is another's: null where nothing is known. */
export function readProtectionInForce(dataDirectory: string): Protection | null {
  const inForce = read(dataDirectory);
  return inForce === 'unreadable' ? null : (inForce?.protection ?? null);
}

function read(dataDirectory: string): Known {
  let text: string;
  try {
    text = readFileSync(join(dataDirectory, FILE), 'utf8');
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isGone && isNew(dataDirectory) ? null : 'unreadable';
  }
  if (text === NOTHING_YET) return null;
  try {
    const value = parseJsonText(text) as Partial<InForce> | null;
    const isKnown = value?.protection?.form === PROTECTION_FORM && typeof value.digest === 'string';
    return isKnown ? (value as InForce) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** A backup holds nothing of what was in force: whoever restores one starts anew. */
function isNew(dataDirectory: string): boolean {
  const holds = (name: string) => existsSync(join(dataDirectory, name));
  return holds(RESTORED_MARK) || !TRACES.some(holds);
}
