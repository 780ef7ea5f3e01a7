import { resolve } from 'node:path';
import { repeatSinceBackup } from '../control/stores/index.ts';
import { restoreBackup } from '../state/backup/index.ts';
import { noPositionals, type OperatorWorld, parsed, required, UsageError } from './options.ts';
import { databasesOf, STORAGE_OPTIONS, storageOf, storageUsage } from './storage-options.ts';

export const restoreUsage = `Usage: poorter restore FILE [--data DIR | --config poorter.yaml] [options]

  Builds a data directory from a backup. The target must be empty, but for a master.key and a
  tombstones.jsonl: what was erased and revoked since the backup is erased and revoked again.

  --tombstones FILE  tombstones.jsonl of the directory that was lost; may be given several times
${storageUsage}`;

/** What a restore gives back as it was, whatever became of it since. */
const AS_AT_BACKUP = [
  'keys that were widened since are as they were',
  'keys and operators made since are gone',
  'blocks made since are gone, and those undone since hold again',
];
/** What only the tombstones of the lost directory could have told. */
const WITHOUT_TOMBSTONES = [
  'keys that were revoked, rotated, narrowed or shortened since are as they were',
  'who was erased since is back',
];
const NAMED_MAX = 20;

/** `poorter restore`: 0 done, 1 not done, 2 called wrongly. */
export async function restoreCommand(
  argv: readonly string[],
  world: OperatorWorld,
): Promise<number> {
  try {
    const tombstones = { type: 'string', multiple: true } as const;
    const { values, positionals } = parsed(argv, { ...STORAGE_OPTIONS, tombstones });
    if (values.help) {
      world.stdout.write(restoreUsage);
      return 0;
    }
    const [file, ...more] = positionals;
    noPositionals(more);
    const backup = resolve(required(file, 'FILE'));
    const storage = storageOf(values, world);
    const { dataDirectory, masterKey } = storage;
    const restored = await restoreBackup({
      file: backup,
      ...{ masterKey, dataDirectory, world },
      databases: databasesOf(storage),
      repeat: repeatSinceBackup,
      tombstones: (values.tombstones ?? []).map((path) => resolve(path)),
    });
    const createdAt = new Date(restored.createdAt).toISOString();
    const unknown = restored.tombstoneFiles > 0 ? [] : WITHOUT_TOMBSTONES;
    const asAtBackup = [...unknown, ...AS_AT_BACKUP];
    const told = { dataDirectory, ...restored, createdAt, asAtBackup };
    if (values.json) world.stdout.write(`${JSON.stringify(told)}\n`);
    else {
      const { rows, files, erased, revoked, outdatedKeys, lostBlocks } = restored;
      world.stdout.write(
        `${dataDirectory}: ${rows} rows and ${files} files of ${createdAt}; ` +
          `${erased} erasures and ${revoked} revocations repeated\n`,
      );
      if (outdatedKeys.length > 0) {
        world.stdout.write(
          `revoked, because they were rotated, narrowed or shortened since: ${named(outdatedKeys)}\n`,
        );
      }
      if (lostBlocks.length > 0) {
        world.stdout.write(
          `blocks made or changed since, which keep nobody out now: ${named(lostBlocks)}\n`,
        );
      }
      // What no tombstone tells must not come back in silence.
      world.stderr.write(
        `poorter restore: what was done after ${createdAt} is not known here: ` +
          `${asAtBackup.join('; ')}. ` +
          'The log of the directory that was lost says what was done, where it survived: ' +
          `poorter log search --data DIR --from ${createdAt} --operation changeKey ` +
          '(and rotateKey, createBlock, createOperator)\n',
      );
    }
    return 0;
  } catch (error) {
    world.stderr.write(`poorter restore: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    world.stderr.write(`\n${restoreUsage}`);
    return 2;
  }
}

function named(ids: readonly string[]): string {
  const more = ids.length - NAMED_MAX;
  return ids.slice(0, NAMED_MAX).join(', ') + (more > 0 ? ` and ${more} more (--json)` : '');
}
