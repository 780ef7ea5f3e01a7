import { defineCommand, type Given } from '../definition/define-command.ts';
import { STORAGE_OPTIONS } from './shared-options.ts';

const OPTIONS = {
  out: {
    value: 'FILE',
    path: 'file',
    isRequired: true,
    says: 'where it goes; never over a file that exists',
  },
  ...STORAGE_OPTIONS,
} as const;

export type BackupGiven = Given<typeof OPTIONS>;

export const command = defineCommand({
  name: 'backup',
  purpose: 'everything, in one sealed file, while it runs',
  about:
    'Writes state, log and the files of the data directory. The master key is not in it, and is needed to restore it: keep that key elsewhere.',
  options: OPTIONS,
  examples: [
    {
      line: 'poorter backup --out /backup/poorter.sealed --config poorter.yaml',
      says: 'of the installation that this file describes',
    },
  ],
  run: async (given, world) => (await import('../backup.ts')).backup(given, world),
});
