import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabasePlace } from '../../platform/database/index.ts';
import { openMasterKey } from '../../platform/secrets/index.ts';
import { openState, type State } from './index.ts';

/** What a test can tell to clean up afterwards. */
export interface Lifetime {
  after(work: () => unknown): void;
}

export interface StateUnderTest extends State {
  readonly dataDirectory: string;
  /** A clock that only the test moves. */
  readonly clock: { now: number };
  /** As after a restart: the same place and directory. */
  reopen(): Promise<State>;
}

export const NOON = Date.UTC(2026, 5, 1, 12);

export function freshDirectory(t: Lifetime): string {
  const directory = mkdtempSync(join(tmpdir(), 'poorter-state-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const stateWorld = {
  now: () => NOON,
  random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
};

/** A master key in hexadecimal, as from the environment. */
export function namedMasterKey(hex: string) {
  return openMasterKey('env:KEY', {
    ...{ dataDirectory: '/', baseDirectory: '/', notify: () => {} },
    environment: { KEY: hex },
  });
}

export function masterKeyIn(dataDirectory: string) {
  return openMasterKey(undefined, {
    dataDirectory,
    baseDirectory: dataDirectory,
    environment: {},
    notify: () => {},
  });
}

export async function openFreshState(
  t: Lifetime,
  place: DatabasePlace,
  dataDirectory = freshDirectory(t),
): Promise<StateUnderTest> {
  const clock = { now: NOON };
  const open = async () => {
    const state = await openState({
      place,
      dataDirectory,
      masterKey: masterKeyIn(dataDirectory),
      world: { now: () => clock.now, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
    });
    t.after(() => state.close());
    return state;
  };
  return { ...(await open()), dataDirectory, clock, reopen: open };
}
