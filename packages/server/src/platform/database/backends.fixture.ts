import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import type { DatabasePlace } from './database.ts';
import { type PostgresServer, skipPostgres, startPostgres } from './postgres.fixture.ts';

export interface Backend {
  readonly dialect: 'sqlite' | 'postgres';
  /** An empty database each time. */
  freshPlace(): DatabasePlace;
}

/** The same suite on real SQLite files and on a real PostgreSQL. */
export function onEveryBackend(what: string, suite: (backend: Backend) => void): void {
  describe(`${what} (SQLite)`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'poorter-sqlite-'));
    after(() => rmSync(folder, { recursive: true }));
    let made = 0;
    const freshPlace = () => ({
      kind: 'sqlite' as const,
      file: join(folder, `${(made += 1)}.sqlite`),
    });
    suite({ dialect: 'sqlite', freshPlace });
  });
  describe(`${what} (PostgreSQL)`, { skip: skipPostgres }, () => {
    let server: PostgresServer;
    before(async () => {
      server = await startPostgres();
    });
    after(() => server.stop());
    suite({ dialect: 'postgres', freshPlace: () => server.freshPlace() });
  });
}
