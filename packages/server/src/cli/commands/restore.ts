import { defineCommand, type Given } from '../definition/define-command.ts';
import { STORAGE_OPTIONS } from './shared-options.ts';

const OPTIONS = {
  tombstones: {
    value: 'FILE',
    path: 'file',
    isRepeatable: true,
    says: 'tombstones.jsonl of the directory that was lost',
  },
  unprovenTombstones: {
    says: 'believe files with tombstones from which lines may have been taken',
  },
  ...STORAGE_OPTIONS,
} as const;

const ARGUMENTS = { file: { value: 'FILE', path: 'file', says: 'the backup' } } as const;

export type RestoreGiven = Given<typeof OPTIONS, typeof ARGUMENTS>;

export const command = defineCommand({
  name: 'restore',
  purpose: 'a data directory from a backup',
  about:
    'The target must be empty, but for a master.key and a tombstones.jsonl: what was erased and revoked since the backup is erased and revoked again.',
  arguments: ARGUMENTS,
  options: OPTIONS,
  run: async (given, world) => (await import('../restore.ts')).restore(given, world),
});
