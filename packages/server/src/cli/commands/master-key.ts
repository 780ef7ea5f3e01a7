import { defineCommand, defineVerb, type Given } from '../definition/define-command.ts';
import { STORAGE_OPTIONS } from './shared-options.ts';

const OPTIONS = {
  to: { value: 'TEXT', isRequired: true, says: 'the next one: file:PATH, env:NAME or vault:…' },
  ...STORAGE_OPTIONS,
} as const;

export type RotateGiven = Given<typeof OPTIONS>;

const rotate = defineVerb({
  purpose: 'wraps the keys of the database with another master key',
  about:
    'Or with the newest version of the same (vault:…). Running servers go on; the next start needs masterKey: TEXT. Backups that exist still need the old one.',
  options: OPTIONS,
  run: async (given, world) => (await import('../rotate-master-key.ts')).rotate(given, world),
});

export const command = defineCommand({
  name: 'master-key',
  purpose: 'another master key, without downtime',
  verbs: { rotate },
});
