import { defineCommand, type Given } from '../definition/define-command.ts';
import { wholeNumber } from '../definition/value-readers.ts';

const THREADS_MAX = 64;

const OPTIONS = {
  git: { says: "everything that a repository's history holds" },
  allFiles: { says: 'also what git ignores; of a tree', excludes: ['git'] },
  sarif: { says: 'the report as SARIF', excludes: ['json'] },
  json: { says: 'the report as JSON' },
  output: {
    value: 'FILE',
    path: 'file',
    says: 'where the report goes',
    otherwise: 'standard output',
  },
  baseline: { value: 'FILE', path: 'file', says: 'what is accepted' },
  writeBaseline: { says: 'write what is found now into the baseline', needs: ['baseline'] },
  threads: {
    value: 'N',
    read: wholeNumber(1, THREADS_MAX),
    says: 'from 1 to 64',
    otherwise: 'one per core, 8 at most',
  },
} as const;

const ARGUMENTS = {
  path: {
    value: 'PATH',
    path: 'file',
    isOptional: true,
    says: 'a folder or file; with --git a repository, by default this one',
  },
} as const;

export type ScanGiven = Given<typeof OPTIONS, typeof ARGUMENTS>;

export const command = defineCommand({
  name: 'scan',
  purpose: 'keys and other secrets in a tree or its history',
  forms: ['PATH [options]', '--git [PATH] [options]'],
  about:
    'Looks for API keys of Poorter and for the secrets of common services, in the files of a tree, as git sees them, or in a history. Never prints one.',
  arguments: ARGUMENTS,
  options: OPTIONS,
  exits: {
    0: 'nothing found',
    1: 'something found',
    2: 'called wrongly, or not everything could be read',
  },
  examples: [
    { line: 'poorter scan . --sarif --output poorter.sarif', says: 'for a code host' },
    {
      line: 'poorter scan --git --baseline accepted.json',
      says: 'what the history holds besides what was accepted',
    },
  ],
  failureStatus: 2,
  run: async (given, world) => (await import('../scan.ts')).scan(given, world),
});
