import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { rotateMasterKey } from '../../platform/secrets/index.ts';
import { restoreBackup } from '../../state/backup/index.ts';
import { stateMigrations } from '../../state/index.ts';
import { openState } from './index.ts';
import { repeatSinceBackup } from './repeat-since-backup.ts';
import { masterKeyIn, namedMasterKey, stateWorld } from './stores.fixture.ts';

/**
 * A process that kills itself before the Nth thing that it does to a disk. It says `done` when it
 * has come to the end, and then how many there were.
 */
const [operation, directory, step, argument] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const place = { kind: 'sqlite' as const, file: join(directory, 'state.sqlite') };
const settings = { place, dataDirectory: directory, world: stateWorld };
let count = 0;
let isArmed = false;

countCalls(DatabaseSync.prototype, ['exec', 'close']);
countCalls(StatementSync.prototype, ['run', 'all']);
const fs = createRequire(import.meta.url)('node:fs');
countCalls(fs, ['writeSync', 'fsyncSync', 'ftruncateSync', 'linkSync', 'rmSync']);
countCalls(fs.promises, ['rename', 'rm', 'mkdir', 'open', 'writeFile', 'copyFile']);
syncBuiltinESMExports();

switch (operation) {
  case 'first start': {
    isArmed = true;
    await openState({ ...settings, masterKey: masterKeyIn(directory) });
    break;
  }
  case 'erase': {
    const state = await openState({ ...settings, masterKey: masterKeyIn(directory) });
    isArmed = true;
    await state.subjectKeys.destroy({ kind: 'subject', value: argument });
    break;
  }
  case 'revoke': {
    const state = await openState({ ...settings, masterKey: masterKeyIn(directory) });
    isArmed = true;
    await state.keys.revoke(argument, 'leaked');
    break;
  }
  case 'rotate': {
    const state = await openState({ ...settings, masterKey: masterKeyIn(directory) });
    isArmed = true;
    await rotateMasterKey(
      state.database,
      masterKeyIn(directory),
      namedMasterKey(argument),
      stateWorld.now,
    );
    break;
  }
  case 'restore': {
    isArmed = true;
    await restoreBackup({
      repeat: repeatSinceBackup,
      ...{ file: argument, masterKey: masterKeyIn(directory), dataDirectory: directory },
      databases: [{ name: 'state', place, migrations: [stateMigrations()] }],
      ...{ tombstones: [], world: stateWorld },
    });
  }
}
isArmed = false;
process.stdout.write(`done ${count}\n`);
process.exit(0);

function countCalls(owner: object, names: readonly string[]): void {
  const members = owner as Record<string, (...values: unknown[]) => unknown>;
  for (const name of names) {
    const original = members[name] as (...values: unknown[]) => unknown;
    members[name] = function counted(this: unknown, ...values: unknown[]) {
      if (isArmed) {
        count += 1;
        if (count === Number(step)) process.kill(process.pid, 'SIGKILL');
      }
      return original.apply(this, values);
    };
  }
}
