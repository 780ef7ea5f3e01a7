import { openDatabase } from '../platform/database/index.ts';
import { type KeyRingTables, rotateMasterKey } from '../platform/secrets/index.ts';
import { noPositionals, type OperatorWorld, parsed, required } from './options.ts';
import { runVerbs } from './run-verbs.ts';
import { refuseAbsentState, STORAGE_OPTIONS, storageOf, storageUsage } from './storage-options.ts';

export const masterKeyUsage = `Usage: poorter master-key rotate --to TEXT [--data DIR | --config poorter.yaml] [options]

  Wraps the keys of the database with another master key, or with the newest version of the same
  (vault:…). Running servers go on; the next start needs masterKey: TEXT. Backups that exist still
  need the old one.

  --to TEXT          file:PATH, env:NAME or vault:…
${storageUsage}`;

/** `poorter master-key`: 0 done, 1 not done, 2 called wrongly. */
export function masterKeyCommand(argv: readonly string[], world: OperatorWorld): Promise<number> {
  return runVerbs('master-key', { rotate }, masterKeyUsage, argv, world);
}

async function rotate(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, { ...STORAGE_OPTIONS, to: { type: 'string' } });
  noPositionals(positionals);
  const storage = storageOf(values, world);
  const to = storage.otherMasterKey(required(values.to, '--to'));
  refuseAbsentState(storage);
  const database = await openDatabase<KeyRingTables>(storage.state);
  try {
    await rotateMasterKey(database, storage.masterKey, to);
  } finally {
    await database.close();
  }
  const told = { from: storage.masterKey.id, to: to.id };
  if (values.json) world.stdout.write(`${JSON.stringify(told)}\n`);
  else world.stdout.write(`the next start needs masterKey: ${to.id}; until now ${told.from}\n`);
  return 0;
}
