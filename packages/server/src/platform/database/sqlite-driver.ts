import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  QueryResult,
  TransactionSettings,
} from 'kysely';
import { DatabaseBusyError, Mutex } from './mutex.ts';
import { isRetryable } from './retry.ts';

/** Our stores have well under a hundred statements; a lost one costs a compilation. */
const STATEMENTS_MAX = 200;
const PAUSE_MS = 5;

/**
 * Kysely over `node:sqlite`: one connection, whose holder runs alone. Statements are synchronous,
 * so a transaction holds the connection only as long as its own awaits last.
 */
export class SqliteDriver implements Driver {
  readonly #native: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #mutex: Mutex;

  constructor(native: DatabaseSync, waitMs: number) {
    this.#native = native;
    this.#connection = new SqliteConnection(native, waitMs);
    this.#mutex = new Mutex(waitMs);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#mutex.acquire();
    return this.#connection;
  }

  async beginTransaction(_: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    // IMMEDIATE: the right to write is taken at the start, so no transaction fails half-way for it.
    const begin = settings.accessMode === 'read only' ? 'BEGIN' : 'BEGIN IMMEDIATE';
    await this.#connection.whenFree(() => this.#native.exec(begin));
  }

  async commitTransaction(): Promise<void> {
    this.#native.exec('COMMIT');
  }

  async rollbackTransaction(): Promise<void> {
    this.#rollBack();
  }

  async releaseConnection(): Promise<void> {
    this.#rollBack();
    this.#mutex.release();
  }

  async destroy(): Promise<void> {
    if (this.#native.isOpen) this.#native.close();
  }

  /** SQLite itself rolls back after some errors, such as a full disk. */
  #rollBack(): void {
    if (this.#native.isOpen && this.#native.isTransaction) this.#native.exec('ROLLBACK');
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #native: DatabaseSync;
  readonly #waitMs: number;
  /** In order of last use. */
  readonly #statements = new Map<string, Prepared>();

  constructor(native: DatabaseSync, waitMs: number) {
    this.#native = native;
    this.#waitMs = waitMs;
  }

  /**
   * Waits for another process that writes. Not in SQLite's own way, which would hold this thread:
   * the pauses leave it to others.
   */
  async whenFree<Result>(work: () => Result): Promise<Result> {
    const deadline = performance.now() + this.#waitMs;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (performance.now() > deadline) {
          throw new DatabaseBusyError(`another process held it for ${this.#waitMs} ms`);
        }
      }
      await pause(PAUSE_MS);
    }
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const values = parameters.map(bindable);
    return this.whenFree(() => {
      const { statement, hasRows } = this.#prepared(sql);
      if (hasRows) return { rows: statement.all(...values) as Row[] };
      const { changes } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes) };
    });
  }

  async *streamQuery<Row>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<Row>> {
    // Not a cached one: that could be started anew while this still runs.
    const statement = this.#native.prepare(sql);
    let rows: Row[] = [];
    for (const row of statement.iterate(...parameters.map(bindable))) {
      rows.push(row as Row);
      if (rows.length < chunkSize) continue;
      yield { rows };
      rows = [];
    }
    if (rows.length > 0) yield { rows };
  }

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    const prepared = known ?? this.#prepare(sql);
    this.#statements.delete(sql);
    this.#statements.set(sql, prepared);
    if (this.#statements.size > STATEMENTS_MAX) {
      this.#statements.delete(this.#statements.keys().next().value as string);
    }
    return prepared;
  }

  /** What its columns are is asked once: that takes as long as many a statement itself. */
  #prepare(sql: string): Prepared {
    const statement = this.#native.prepare(sql);
    return { statement, hasRows: statement.columns().length > 0 };
  }
}

interface Prepared {
  readonly statement: StatementSync;
  readonly hasRows: boolean;
}

function bindable(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value;
    case 'number':
      // NaN becomes NULL in SQLite, and a comparison with it silently false.
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
  }
  throw new TypeError(`a ${typeof value} cannot stand in a statement`);
}
