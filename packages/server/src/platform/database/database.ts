import type { Kysely, Transaction } from 'kysely';
import type { Notify } from '../notices/index.ts';

export type DatabasePlace =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string };

export interface DatabaseOptions {
  /** How long a statement or transaction waits for its turn. Default 10 s. */
  readonly waitMs?: number;
  /** Longest statement, PostgreSQL only. Default 30 s. */
  readonly statementTimeoutMs?: number;
  /** PostgreSQL only. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** PostgreSQL only. Default 10. */
  readonly connectionsMax?: number;
  /** PostgreSQL only: connections that died without a word, and their replacement. */
  readonly notify?: Notify;
  /** SQLite only: `full` survives a power cut with every commit; `normal` may lose the last ones. */
  readonly synchronous?: 'full' | 'normal';
}

export interface Database<Tables> {
  readonly dialect: 'sqlite' | 'postgres';
  readonly place: DatabasePlace;
  /** For reads and single statements. */
  readonly kysely: Kysely<Tables>;
  /**
   * One serializable transaction, tried again a bounded number of times when another came between:
   * `work` may run more than once and must change nothing else. `lock` names a table whose holders
   * take turns, so that the order of its rows is the order of the commits.
   */
  write<Result>(
    work: (transaction: Transaction<Tables>) => Promise<Result>,
    lock?: keyof Tables & string,
  ): Promise<Result>;
  /** Reads of one moment, while others write. Not for `:memory:`, where writers wait meanwhile. */
  snapshot<Result>(work: (reader: Transaction<Tables>) => Promise<Result>): Promise<Result>;
  /** Several statements without parameters, inside a transaction of this database. */
  runScript(transaction: Transaction<Tables>, sql: string): Promise<void>;
  /**
   * Removes what was overwritten from the files: the WAL is emptied (SQLite), dead rows are vacuumed
   * from `table` (PostgreSQL). False when a reader held it off; the next call makes good for it.
   */
  scrub(table: keyof Tables & string): Promise<boolean>;
  /**
   * The same database as a transaction sees it, for stores that are to act together: their writes are
   * parts of it. `scrub` does nothing there, and is the caller's when it has ended.
   */
  within(transaction: Transaction<Tables>): Database<Tables>;
  /** The same database, for the owner of other tables in it. */
  as<Other>(): Database<Other>;
  close(): Promise<void>;
}

/** `Database.within`, which is the same for every driver. */
export function databaseWithin<Tables>(
  whole: Database<Tables>,
  transaction: Transaction<Tables>,
): Database<Tables> {
  const within: Database<Tables> = {
    ...whole,
    kysely: transaction,
    write: (work) => work(transaction),
    snapshot: (work) => work(transaction),
    scrub: async () => true,
    within: () => within,
    as: <Other>() => within as unknown as Database<Other>,
    close: async () => undefined,
  };
  return within;
}
