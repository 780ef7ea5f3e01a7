import { resolve } from 'node:path';
import { repeatSinceBackup } from '../control/stores/index.ts';
import { restoreBackup } from '../state/backup/index.ts';
import type { RestoreGiven } from './commands/restore.ts';
import type { CommandWorld } from './definition/world.ts';
import { databasesOf, storageOf } from './storage-options.ts';

/** What a restore gives back as it was, whatever became of it since. */
const AS_AT_BACKUP = [
  'keys that were widened since are as they were',
  'keys and operators made since are gone',
  'blocks made since are gone, and those undone since hold again',
];
/** What only the tombstones of the lost directory could have told. */
const WITHOUT_TOMBSTONES = [
  'keys that were revoked, rotated, narrowed or shortened since are as they were',
  'passkeys, passwords and secrets of clients that were replaced since let in again, and whoever left a group is in it',
  'who was erased since is back',
];
const NAMED_MAX = 20;

export async function restore(given: RestoreGiven, world: CommandWorld): Promise<number> {
  const backup = resolve(given.file);
  const storage = storageOf(given, world);
  const { dataDirectory, masterKey } = storage;
  const restored = await restoreBackup({
    file: backup,
    ...{ masterKey, dataDirectory, world },
    databases: databasesOf(storage),
    repeat: repeatSinceBackup,
    tombstones: given.tombstones.map((path) => resolve(path)),
    believesTombstones: given.unprovenTombstones,
  });
  const createdAt = new Date(restored.createdAt).toISOString();
  const tombstonesUntil =
    restored.tombstonesUntil === null ? null : new Date(restored.tombstonesUntil).toISOString();
  // A copy that ends before the backup tells nothing of what was done after it, if anything was.
  const isTold = (restored.tombstonesUntil ?? 0) > restored.createdAt;
  const unknown = isTold ? [] : WITHOUT_TOMBSTONES;
  const asAtBackup = [...unknown, ...AS_AT_BACKUP];
  const told = { dataDirectory, ...restored, createdAt, tombstonesUntil, asAtBackup };
  if (given.json) world.stdout.write(`${JSON.stringify(told)}\n`);
  else tell(told, world);
  return 0;
}

interface Told {
  readonly dataDirectory: string;
  readonly createdAt: string;
  readonly tombstonesUntil: string | null;
  readonly rows: number;
  readonly files: number;
  readonly erased: number;
  readonly revoked: number;
  readonly outdatedKeys: readonly string[];
  readonly lostBlocks: readonly string[];
  readonly asAtBackup: readonly string[];
}

function tell(told: Told, { stdout, stderr }: CommandWorld): void {
  const { dataDirectory, createdAt, rows, files, erased, revoked, outdatedKeys, lostBlocks } = told;
  stdout.write(
    `${dataDirectory}: ${rows} rows and ${files} files of ${createdAt}; ` +
      `${erased} erasures and ${revoked} revocations repeated` +
      // A copy that was made too early, or cut, can only be told by this.
      `${told.tombstonesUntil === null ? '' : `; the tombstones beside the backup end at ${told.tombstonesUntil}`}\n`,
  );
  if (outdatedKeys.length > 0) {
    stdout.write(
      `revoked, because they were rotated, narrowed or shortened since: ${named(outdatedKeys)}\n`,
    );
  }
  if (lostBlocks.length > 0) {
    stdout.write(`blocks made or changed since, which keep nobody out now: ${named(lostBlocks)}\n`);
  }
  // What no tombstone tells must not come back in silence.
  stderr.write(
    `poorter restore: what was done after ${createdAt} is not known here: ` +
      `${told.asAtBackup.join('; ')}. ` +
      'The log of the directory that was lost says what was done, where it survived: ' +
      `poorter log search --data DIR --from ${createdAt} --operation changeKey ` +
      '(and rotateKey, revokeKey, eraseSubject, createBlock, undoBlock, createOperator, revokeOperator)\n',
  );
}

function named(ids: readonly string[]): string {
  const more = ids.length - NAMED_MAX;
  return ids.slice(0, NAMED_MAX).join(', ') + (more > 0 ? ` and ${more} more (--json)` : '');
}
