import { parseJsonText } from '@poorter/openapi/json';
import type { Caller } from '../messages/spool-line.ts';
import { openUnder, SealBrokenError, type SealingKey } from '../platform/secrets/index.ts';
import type { Subject } from '../state/subject-keys/index.ts';
import {
  addressSubject,
  clientSubject,
  credentialSubject,
  crowdedDay,
  objectPseudonym,
  personSubject,
  placeOf,
  pseudonymOf,
} from './callers.ts';
import { type Leaf, mayReport, parseLeaf, termsOf } from './leaf.ts';
import type { LeafRun, LogReader } from './log-reader.ts';
import { decisionOf } from './record-words.ts';
import { isReported } from './reported.ts';
import { mayHold } from './terms.ts';

/** What of subjects' keys a reader needs; null for readers who may not see who called. */
export interface ReadableKeys {
  find(subject: Subject): Promise<SealingKey | undefined>;
  byId(id: string): Promise<SealingKey | undefined>;
}

/** One, or any of several; as it was recorded, or its pseudonym. */
type Names = string | readonly string[];

export interface LogQuery {
  /** ISO times, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly client?: Names | undefined;
  readonly subject?: string | undefined;
  readonly address?: string | undefined;
  /** Ids of API keys. */
  readonly credential?: Names | undefined;
  readonly api?: string | undefined;
  /** `getAccount`, or with its API: `bank getAccount`. */
  readonly operation?: string | undefined;
  /** As people are told: see `decisionOf`. */
  readonly decision?: string | undefined;
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  /** A pseudonym as records show it, or a value of a path parameter. */
  readonly objectPseudonym?: string | undefined;
  readonly object?: { readonly parameter: string; readonly value: string } | undefined;
  /** Calls of which something was told that let them pass all the same: see `reportedText`. */
  readonly reported?: boolean | undefined;
  /** At least 1. */
  readonly limit: number;
  /** Only leaves before this one: `next` of the page before. */
  readonly before?: number | undefined;
}

/** `name`: of its key, where a reader looked it up. */
export type NamedCaller = Caller & { readonly name?: string };

export interface FoundRecord {
  readonly index: number;
  readonly leaf: Leaf;
  /** `erased`: the key that opened it is destroyed. `sealed`: this reader has no keys. */
  readonly caller: NamedCaller | 'erased' | 'sealed' | null;
}

export interface FoundPage {
  readonly records: readonly FoundRecord[];
  /** Null: nothing is left to look at. */
  readonly next: number | null;
}

const HEADS_AT_ONCE = 200;
/** Bundles opened for one page; beyond it the page ends early, and the next goes on. */
const BUNDLES_MAX = 400;
/** Days looked through for addresses that shared a key. */
const DAYS_MAX = 92;
const DAY_MS = 86_400_000;

/** Newest first. */
export async function searchLog(
  reader: LogReader,
  node: string,
  keys: ReadableKeys | null,
  query: LogQuery,
  now: number,
): Promise<FoundPage> {
  const state = await reader.state();
  const wanted = await wantedTerms(keys, query, now);
  if (state === null) return { records: [], next: null };
  const unsealer = new Unsealer(node, keys);
  const found: FoundRecord[] = [];
  const end = Math.min(query.before ?? state.size, state.size);
  const look = async (run: LeafRun): Promise<number | null> => {
    for (let at = run.leaves.length - 1; at >= 0; at--) {
      const index = run.first + at;
      if (index >= end) continue;
      const bytes = run.leaves[at] as Buffer;
      if (query.reported && !mayReport(bytes)) continue;
      const leaf = parseLeaf(bytes.toString('utf8', 1));
      if (leaf === null || !(await matches(leaf, wanted, query, unsealer))) continue;
      found.push({ index, leaf, caller: await unsealer.callerOf(leaf) });
      if (found.length === query.limit) return index;
    }
    return null;
  };
  const tail = await reader.tail();
  // What was seen in the tail may be a bundle by now, and is not looked at again.
  const bundlesEnd = Math.min(end, tail?.first ?? end);
  if (tail !== null && tail.first < end) {
    const full = await look(tail);
    if (full !== null) return { records: found, next: full > 0 ? full : null };
  }
  let opened = 0;
  for (let before = bundlesEnd; ; ) {
    const heads = await reader.headsBefore(before, HEADS_AT_ONCE, query);
    for (const { first, terms } of heads) {
      before = first;
      if (!wanted.every((any) => any.some((term) => mayHold(terms, term)))) continue;
      const run = await reader.bundle(first);
      // Retention may have come between.
      const full = run === null ? null : await look(run);
      if (full !== null) return { records: found, next: full > 0 ? full : null };
      if (++opened >= BUNDLES_MAX) return { records: found, next: first > 0 ? first : null };
    }
    if (heads.length < HEADS_AT_ONCE) return { records: found, next: null };
  }
}

/** One leaf. Null: it is not there, or was dropped. */
export async function showRecord(
  reader: LogReader,
  node: string,
  keys: ReadableKeys | null,
  index: number,
): Promise<FoundRecord | null> {
  const run = await reader.runOf(index);
  const bytes = run?.leaves[index - run.first];
  const leaf = bytes === undefined ? null : parseLeaf(bytes.toString('utf8', 1));
  if (leaf === null) return null;
  return { index, leaf, caller: await new Unsealer(node, keys).callerOf(leaf) };
}

/** Each list must be met by one of its terms. */
async function wantedTerms(
  keys: ReadableKeys | null,
  query: LogQuery,
  now: number,
): Promise<string[][]> {
  const wanted: string[][] = [];
  const { operation, api, decision } = query;
  if (operation !== undefined) {
    wanted.push([`operation ${api === undefined ? '' : `${api} `}${operation}`]);
  }
  if (decision !== undefined) {
    wanted.push([`decision ${decision === 'allowed' ? 'forwarded' : decision}`]);
  }
  for (const field of ['code', 'type'] as const) {
    if (query[field] !== undefined) wanted.push([`${field} ${query[field]}`]);
  }
  // What bundles are found by does not tell what was reported, and verification holds it against the leaves.
  if (query.reported) wanted.push(['type call']);
  if (query.objectPseudonym !== undefined) wanted.push([`object ${query.objectPseudonym}`]);
  const ask = async (
    field: string,
    asked: Names | undefined,
    subjectsOf: (value: string) => readonly Subject[],
  ) => {
    if (asked === undefined) return;
    const terms: string[] = [];
    for (const value of typeof asked === 'string' ? [asked] : asked) {
      terms.push(`${field} ${value}`);
      for (const subject of subjectsOf(value)) {
        const key = await keys?.find(subject);
        if (key !== undefined) terms.push(`${field} ${pseudonymOf(key, value)}`);
      }
    }
    wanted.push(terms);
  };
  const { client, subject, address, credential } = query;
  await ask('client', client, (value) => [clientSubject(value)]);
  await ask('subject', subject, (value) => [personSubject(value)]);
  await ask('credential', credential, (value) => [credentialSubject(value)]);
  const days = address === undefined ? [] : daysOf(query, now).map(crowdedDay);
  await ask('address', address, (value) => [addressSubject(value), ...days]);
  return wanted;
}

function daysOf({ from, to }: LogQuery, now: number): number[] {
  const last = Math.min(to === undefined ? now : Date.parse(to), now);
  const first = Math.max(from === undefined ? 0 : Date.parse(from), last - DAYS_MAX * DAY_MS);
  const days: number[] = [];
  for (let day = last; day > first - DAY_MS; day -= DAY_MS) days.push(day);
  return days;
}

async function matches(
  leaf: Leaf,
  wanted: readonly string[][],
  { from, to, object, api, decision, reported }: LogQuery,
  unsealer: Unsealer,
): Promise<boolean> {
  if (from !== undefined && leaf.time < from) return false;
  if (to !== undefined && leaf.time > to) return false;
  if (api !== undefined && leaf.api !== api) return false;
  if (decision !== undefined && decisionOf(leaf) !== decision) return false;
  if (reported && !isReported(leaf)) return false;
  const terms = new Set(termsOf(leaf));
  if (!wanted.every((any) => any.some((term) => terms.has(term)))) return false;
  if (object === undefined) return true;
  const pseudonym = leaf.objects?.[object.parameter];
  const owner = pseudonym === undefined ? undefined : await unsealer.ownerOf(leaf);
  if (owner === undefined) return false;
  return objectPseudonym(owner, object.parameter, object.value) === pseudonym;
}

/** For those who read many leaves in turn. */
export function callerFor(
  node: string,
  keys: ReadableKeys | null,
): (leaf: Leaf) => Promise<FoundRecord['caller']> {
  const unsealer = new Unsealer(node, keys);
  return (leaf) => unsealer.callerOf(leaf);
}

/** Opens what says who called, as long as the key lives. */
class Unsealer {
  readonly #node: string;
  readonly #keys: ReadableKeys | null;
  readonly #known = new Map<string, SealingKey | undefined>();

  constructor(node: string, keys: ReadableKeys | null) {
    this.#node = node;
    this.#keys = keys;
  }

  async callerOf(leaf: Leaf): Promise<FoundRecord['caller']> {
    if (leaf.who === undefined) return null;
    if (this.#keys === null) return 'sealed';
    const key = await this.ownerOf(leaf);
    if (key === undefined) return 'erased';
    try {
      const text = openUnder(() => key, placeOf(this.#node), leaf.who.sealed).toString('utf8');
      return parseJsonText(text) as Caller;
    } catch (error) {
      if (error instanceof SealBrokenError) return 'erased';
      throw error;
    }
  }

  async ownerOf(leaf: Leaf): Promise<SealingKey | undefined> {
    const id = leaf.who?.sealed.split('.')[1];
    if (id === undefined || this.#keys === null) return undefined;
    if (!this.#known.has(id)) this.#known.set(id, await this.#keys.byId(id));
    return this.#known.get(id);
  }
}
