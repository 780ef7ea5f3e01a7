import type { Contract } from '../admin-api/index.ts';
import type { DatabasePlace } from '../platform/database/index.ts';
import { CallerLeftError, CursorError } from '../state/index.ts';
import type { SubjectKeys } from '../state/subject-keys/index.ts';
import { checkpointSigner, formatVerifierKey, signingKey, type VerifierKey } from './checkpoint.ts';
import { findCall } from './find-call.ts';
import { LogReader } from './log-reader.ts';
import type { AdminLog } from './log-routes.ts';
import { openLog } from './open-log.ts';
import { reportedText } from './reported.ts';
import { type FoundRecord, type LogQuery, searchLog, showRecord } from './search.ts';
import { proveLeaf } from './verify/inclusion.ts';

type LogDatabase = Awaited<ReturnType<typeof openLog>>;
type AdminQuery = Parameters<AdminLog['search']>[0];

/** Pages looked through for the uses of one key. */
const USE_PAGES_MAX = 20;
const USES_A_PAGE = 200;

/** What was called with a key, by operation and address. */
export interface KeyUseSummary {
  readonly operation: string | null;
  readonly address: string | null;
  readonly calls: number;
  readonly first: string;
  readonly last: string;
}

/** Where operators read this node's log. */
export class LogQueries implements AdminLog {
  readonly #database: LogDatabase;
  readonly #reader: LogReader;
  readonly #node: string;
  readonly #key: VerifierKey;
  readonly #keys: SubjectKeys;
  readonly #now: () => number;

  static async open(
    place: DatabasePlace,
    node: string,
    seed: Uint8Array,
    keys: SubjectKeys,
    now: () => number,
  ): Promise<LogQueries> {
    const { key } = checkpointSigner(node, signingKey(seed));
    return new LogQueries(await openLog(place, now), node, key, keys, now);
  }

  private constructor(
    database: LogDatabase,
    node: string,
    key: VerifierKey,
    keys: SubjectKeys,
    now: () => number,
    goOn?: () => void,
  ) {
    this.#now = now;
    this.#database = database;
    this.#reader = new LogReader(database.kysely, node, goOn);
    this.#node = node;
    this.#key = key;
    this.#keys = keys;
  }

  /** The same log, for a caller who may leave: then a query throws CallerLeftError at its next bundle. */
  unless(hasLeft: () => boolean): LogQueries {
    const goOn = () => {
      if (hasLeft()) throw new CallerLeftError();
    };
    return new LogQueries(this.#database, this.#node, this.#key, this.#keys, this.#now, goOn);
  }

  async search(query: AdminQuery): ReturnType<AdminLog['search']> {
    const before = query.cursor === undefined ? undefined : placeIn(query.cursor);
    if (query.node !== undefined && query.node !== this.#node) return { items: [], next: null };
    const { client, subject, address, operation, decision, code, reported, limit } = query;
    const page = await this.#search({
      ...{ client, subject, address, operation, decision, code, reported, limit, before },
      ...objectOf(query.object),
      from: isoOf(query.fromMs),
      to: isoOf(query.toMs),
    });
    const next = page.next === null ? null : String(page.next);
    return { items: page.records.map((record) => this.#shown(record)), next };
  }

  async show(node: string, index: number): ReturnType<AdminLog['show']> {
    if (node !== this.#node || !Number.isSafeInteger(index)) return undefined;
    const record = await showRecord(this.#reader, node, this.#keys, index);
    return record === null ? undefined : this.#shown(record);
  }

  async prove(node: string, index: number): ReturnType<AdminLog['prove']> {
    if (node !== this.#node || !Number.isSafeInteger(index)) return undefined;
    return (await proveLeaf(this.#reader, this.#key, index)) ?? undefined;
  }

  async call(id: string): ReturnType<AdminLog['call']> {
    const records = await findCall(this.#reader, this.#node, this.#keys, id);
    return records.map((record) => this.#shown(record));
  }

  async checkpoints(): Promise<readonly { node: string; checkpoint: string; publicKey: string }[]> {
    const last = await this.#reader.lastCheckpoint();
    if (last === null) return [];
    const publicKey = formatVerifierKey(this.#key);
    return [{ node: this.#node, checkpoint: last.note, publicKey }];
  }

  /** What was called with a key, and from where: for whoever must judge a leak. */
  async usesOf(keyId: string, sinceMs: number): Promise<readonly KeyUseSummary[]> {
    const uses = new Map<string, KeyUseSummary>();
    let before: number | undefined;
    for (let pages = 0; pages < USE_PAGES_MAX; pages++) {
      const query = { credential: keyId, from: isoOf(sinceMs), type: 'call', before };
      const page = await this.#search({ ...query, limit: USES_A_PAGE });
      for (const { leaf, caller } of page.records) {
        const operation = leaf.operation ?? null;
        const address = typeof caller === 'object' ? (caller?.address ?? null) : null;
        const name = `${operation} ${address}`;
        const known = uses.get(name);
        // Newest first.
        const last = known?.last ?? leaf.time;
        const calls = (known?.calls ?? 0) + 1;
        uses.set(name, { operation, address, calls, first: leaf.time, last });
      }
      if (page.next === null) break;
      before = page.next;
    }
    return [...uses.values()];
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #search(query: LogQuery) {
    return searchLog(this.#reader, this.#node, this.#keys, query, this.#now());
  }

  #shown({ index, leaf, caller }: FoundRecord): Contract.LogRecord {
    const who = typeof caller === 'object' ? caller : null;
    const reported = reportedText(leaf);
    return {
      ...{ node: this.#node, index, leaf, who, isErased: caller === 'erased' },
      ...(reported !== null && { reported }),
    };
  }
}

/** Throws CursorError: an empty page would read as if there were no more. */
function placeIn(cursor: string): number {
  const place = /^(?:0|[1-9][0-9]{0,15})$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isSafeInteger(place)) return place;
  throw new CursorError('this is no cursor of a page');
}

/** `account=123` is a value, anything else a pseudonym. */
function objectOf(text: string | undefined): Partial<LogQuery> {
  if (text === undefined) return {};
  const at = text.indexOf('=');
  if (at < 1) return { objectPseudonym: text };
  return { object: { parameter: text.slice(0, at), value: text.slice(at + 1) } };
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
