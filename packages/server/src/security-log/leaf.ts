/**
 * A leaf is one line of JSON. Its first member is its version, its second the time:
 *
 * {"v":1,"time":"…","type":"call"|"intent"|"outcome", …public members…,
 *  "who":{"sealed":"…","client":"…","subject":"…","address":"…"},"objects":{"account":"…"}}
 * {"v":1,"time":"…","type":"gap","cause":"…","count":3,"writer":"…"}
 * {"v":1,"time":"…","type":"retention","before":512}
 *
 * `who.sealed` opens with the data key of its subject only; the pseudonyms beside it are keyed.
 */
export interface Leaf {
  readonly v: 1;
  readonly time: string;
  readonly type: 'call' | 'intent' | 'outcome' | 'gap' | 'retention';
  readonly id?: string;
  readonly api?: string | null;
  readonly operation?: string | null;
  readonly method?: string | null;
  readonly path?: string | null;
  readonly host?: string;
  readonly decision?: string;
  readonly code?: string | null;
  readonly status?: number | null;
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** What was only told of the call: what `observe` let pass, and remarks. */
  readonly observed?: readonly unknown[];
  /** What was found in the answer, and what became of it. */
  readonly answer?: Readonly<Record<string, unknown>> | null;
  readonly durationMs?: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly who?: SealedCaller;
  readonly objects?: Readonly<Record<string, string>>;
  readonly cause?: string;
  readonly count?: number;
  readonly before?: number;
}

export interface SealedCaller {
  readonly sealed: string;
  readonly client: string | null;
  readonly subject: string | null;
  readonly address: string;
  /** Of API keys. */
  readonly credential?: string;
}

/** What happened to records that are not there; their number is exact, but for `removed`. */
export type GapCause =
  /** The process or thread ended before it had written them. */
  | 'ended'
  /** Calls refused because there was no place to record them. */
  | 'turned-away'
  /** The spool was damaged or changed. */
  | 'damaged'
  /** The files of a writer were taken away before all was read: nobody knows how many records were in them. */
  | 'removed';

const TIME_AT = '{"v":1,"time":"'.length;
const TIME_CHARS = 24;

/** `members`, `who` and `objects` are JSON text; the members begin with the time. */
export function leafText(members: string, who: string, objects: string): string {
  const touched = objects === '' ? '' : `,"objects":${objects}`;
  return `{"v":1,${members},"who":${who}${touched}}`;
}

export function gapLeaf(time: string, cause: GapCause, count: number, writer: string): string {
  return `{"v":1,"time":"${time}","type":"gap","cause":"${cause}","count":${count},"writer":"${writer}"}`;
}

export function retentionLeaf(time: string, before: number): string {
  return `{"v":1,"time":"${time}","type":"retention","before":${before}}`;
}

/** In words. */
export function gapText({ count, cause }: Pick<Leaf, 'count' | 'cause'>): string {
  if (cause !== 'removed') return `${count} records are missing (${cause})`;
  return 'records may be missing, nobody knows how many: the spool of a writer was removed';
}

/** Without parsing it. */
export function timeOfLeaf(text: string): string {
  return text.slice(TIME_AT, TIME_AT + TIME_CHARS);
}

/** Null for bytes that are no leaf of a version that this program knows. */
export function parseLeaf(text: string): Leaf | null {
  let value: unknown;
  try {
    value = parseJsonText(text);
  } catch {
    return null;
  }
  const leaf = value as Partial<Leaf> | null;
  if (typeof leaf !== 'object' || leaf === null || leaf.v !== 1) return null;
  return typeof leaf.time === 'string' && typeof leaf.type === 'string' ? (leaf as Leaf) : null;
}

/**
 * Asked of the bytes, so that the many that report nothing need not be parsed. Perhaps: the text may stand
 * elsewhere in the leaf.
 */
export function mayReport(leaf: Buffer): boolean {
  return leaf.includes('"answer":{') || leaf.includes('"observed":[{');
}

/** What a leaf can be found by, each as one text. */
export function termsOf(leaf: Leaf): string[] {
  const terms = callerTerms(leaf.who ?? null);
  if (leaf.operation) terms.push(...operationTerms(leaf.api ?? null, leaf.operation));
  if (leaf.decision !== undefined) terms.push(`decision ${leaf.decision}`);
  if (leaf.code) terms.push(`code ${leaf.code}`);
  terms.push(`type ${leaf.type}`);
  for (const pseudonym of Object.values(leaf.objects ?? {})) terms.push(`object ${pseudonym}`);
  return terms;
}

export function callerTerms(who: Omit<SealedCaller, 'sealed'> | null): string[] {
  if (who === null) return [];
  const terms = [`address ${who.address}`];
  if (who.client !== null) terms.push(`client ${who.client}`);
  if (who.subject !== null) terms.push(`subject ${who.subject}`);
  if (who.credential !== undefined) terms.push(`credential ${who.credential}`);
  return terms;
}

/** An operation is found by its name alone, and by that of its API with it. */
function operationTerms(api: string | null, operation: string): string[] {
  const terms = [`operation ${operation}`];
  if (api !== null) terms.push(`operation ${api} ${operation}`);
  return terms;
}

import { parseJsonText } from '@poorter/openapi/json';
