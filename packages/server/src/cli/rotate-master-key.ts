import { openDatabase } from '../platform/database/index.ts';
import { type KeyRingTables, rotateMasterKey } from '../platform/secrets/index.ts';
import type { RotateGiven } from './commands/master-key.ts';
import type { CommandWorld } from './definition/world.ts';
import { refuseAbsentState, storageOf } from './storage-options.ts';

export async function rotate(given: RotateGiven, world: CommandWorld): Promise<number> {
  const storage = storageOf(given, world);
  const to = storage.otherMasterKey(given.to);
  refuseAbsentState(storage);
  const database = await openDatabase<KeyRingTables>(storage.state);
  try {
    await rotateMasterKey(database, storage.masterKey, to, world.now);
  } finally {
    await database.close();
  }
  const told = { from: storage.masterKey.id, to: to.id };
  if (given.json) world.stdout.write(`${JSON.stringify(told)}\n`);
  else world.stdout.write(`the next start needs masterKey: ${to.id}; until now ${told.from}\n`);
  return 0;
}
