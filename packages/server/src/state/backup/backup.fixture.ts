import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openState, repeatSinceBackup } from '../../control/stores/index.ts';
import {
  freshDirectory,
  type Lifetime,
  masterKeyIn,
  NOON,
  type StateUnderTest,
} from '../../control/stores/stores.fixture.ts';
import type { DatabasePlace } from '../../platform/database/index.ts';
import { stateMigrations } from '../index.ts';
import { restoreBackup, writeBackup } from './index.ts';

export const world = {
  now: () => NOON,
  random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
};
export const griet = { kind: 'subject', value: 'griet@example.test' };

/** Copies the master key, as a person does before a restore. */
export function freshTarget(t: Lifetime, state: StateUnderTest): string {
  const target = join(freshDirectory(t), 'data');
  mkdirSync(target);
  const masterKey = readFileSync(join(state.dataDirectory, 'master.key'));
  writeFileSync(join(target, 'master.key'), masterKey, { mode: 0o600 });
  return target;
}

export async function backUp(t: Lifetime, state: StateUnderTest): Promise<string> {
  const path = join(freshDirectory(t), 'backup');
  const fileIn = (name: string) => ({ name, path: join(state.dataDirectory, name) });
  const source = {
    databases: [{ name: 'state', database: state.database.as<unknown>() }],
    files: ['identity-keys.json', 'tombstones.jsonl', 'absent'].map(fileIn),
    masterKey: masterKeyIn(state.dataDirectory),
    ...{ program: '1.2.3', now: () => NOON },
  };
  await writeBackup(source, path);
  return path;
}

export async function restore(
  file: string,
  dataDirectory: string,
  place: DatabasePlace = { kind: 'sqlite', file: join(dataDirectory, 'state.sqlite') },
  tombstones: readonly string[] = [],
  believesTombstones = false,
) {
  const masterKey = masterKeyIn(dataDirectory);
  const databases = [{ name: 'state', place, migrations: [stateMigrations()] }];
  return restoreBackup({
    repeat: repeatSinceBackup,
    file,
    masterKey,
    dataDirectory,
    databases,
    ...{ tombstones, believesTombstones },
    world,
  });
}

export async function reopen(t: Lifetime, dataDirectory: string, given?: DatabasePlace) {
  const place = given ?? { kind: 'sqlite' as const, file: join(dataDirectory, 'state.sqlite') };
  const masterKey = masterKeyIn(dataDirectory);
  const state = await openState({ place, dataDirectory, masterKey, world });
  t.after(() => state.close());
  return state;
}
