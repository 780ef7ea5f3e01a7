import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Database,
  type DatabasePlace,
  migrate,
  openDatabase,
} from '../platform/database/index.ts';
import {
  type KeyRing,
  type KeyRingTables,
  openKeyRing,
  openMasterKey,
} from '../platform/secrets/index.ts';
import { type StateWorld, stateMigrations } from './index.ts';
import { Tombstones } from './tombstones/index.ts';

/** What a test can tell to clean up afterwards. */
export interface Lifetime {
  after(work: () => unknown): void;
}

/** What a store stands on, with all tables in place: the tests of a domain build its store on this. */
export interface Ground<Tables> {
  readonly database: Database<Tables>;
  readonly ring: KeyRing;
  readonly tombstones: Tombstones;
  readonly world: StateWorld;
  /** A clock that only the test moves. */
  readonly clock: { now: number };
  /** As after a restart: the same place and directory. */
  reopen(): Promise<Ground<Tables>>;
}

export const NOON = Date.UTC(2026, 5, 1, 12);

export function freshDirectory(t: Lifetime): string {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-state-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function masterKeyIn(dataDirectory: string) {
  return openMasterKey(undefined, {
    dataDirectory,
    baseDirectory: dataDirectory,
    environment: {},
    notify: () => {},
  });
}

export async function openGround<Tables>(
  t: Lifetime,
  place: DatabasePlace,
): Promise<Ground<Tables>> {
  const dataDirectory = freshDirectory(t);
  const clock = { now: NOON };
  const world: StateWorld = {
    now: () => clock.now,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  };
  const open = async (): Promise<Ground<Tables>> => {
    const database = await openDatabase<Tables>(place);
    t.after(() => database.close());
    await migrate(database, stateMigrations(), world.now);
    const ring = await openKeyRing(
      database.as<KeyRingTables>(),
      masterKeyIn(dataDirectory),
      world.now,
    );
    const tombstones = new Tombstones(dataDirectory, ring);
    return { ...{ database, ring, tombstones, world, clock }, reopen: open };
  };
  return open();
}
