import { defineCommand, defineVerb } from '../definition/define-command.ts';
import {
  EXPORT_OPTIONS,
  INDEX_ARGUMENT,
  OPEN_OPTIONS,
  PROVE_OPTIONS,
  READ_OPTIONS,
  RECORD_ARGUMENT,
  SEARCH_OPTIONS,
  TAIL_OPTIONS,
  VERIFY_ARGUMENT,
  VERIFY_OPTIONS,
} from './log-options.ts';

const tail = defineVerb({
  purpose: 'the last records, and with --follow those that come',
  options: TAIL_OPTIONS,
  onlyPrints: true,
  run: async (given, world) => (await import('../log/read.ts')).tail(given, world),
});

const search = defineVerb({
  purpose: 'records of somebody, of something, of a time',
  about: `CLIENT and KEY are an id, the name of a key, or a pseudonym as records show it. Where a name stands nowhere, that is said, and the exit status is 1: an empty list would read as if it did not happen.`,
  options: SEARCH_OPTIONS,
  onlyPrints: true,
  examples: [
    {
      line: 'poorter log search --client shop --decision refused --from 2026-11-01 --names',
      says: 'what was refused to one application since the first of November',
    },
    {
      line: 'poorter log search --object id=acc-1001',
      says: 'who touched one object',
    },
  ],
  run: async (given, world) => (await import('../log/read.ts')).search(given, world),
});

const show = defineVerb({
  purpose: 'one record, or all of one call',
  arguments: RECORD_ARGUMENT,
  options: READ_OPTIONS,
  onlyPrints: true,
  run: async (given, world) => (await import('../log/read.ts')).show(given, world),
});

const open = defineVerb({
  purpose: 'durable calls that may have happened without anybody having been told',
  options: OPEN_OPTIONS,
  onlyPrints: true,
  run: async (given, world) => (await import('../log/open.ts')).open(given, world),
});

const verify = defineVerb({
  purpose: 'whether the log, an export or a proof is what was signed',
  arguments: VERIFY_ARGUMENT,
  options: VERIFY_OPTIONS,
  exits: { 0: 'good', 1: 'bad, or not done', 2: 'called wrongly' },
  run: async (given, world) => (await import('../log/verify.ts')).verify(given, world),
});

const prove = defineVerb({
  purpose: 'a proof that one record is in the log, for somebody who has only the key',
  arguments: INDEX_ARGUMENT,
  options: PROVE_OPTIONS,
  run: async (given, world) => (await import('../log/prove.ts')).prove(given, world),
});

const exportLog = defineVerb({
  purpose: 'records for another system, each once',
  forms: [
    '--to FILE [--format poorter|ocsf|ecs] [options]',
    '--to tls://HOST:PORT|tcp://HOST:PORT --cursor FILE [--ca FILE] [options]',
  ],
  options: EXPORT_OPTIONS,
  examples: [
    {
      line: 'poorter log export --to tls://siem.example:6514 --cursor siem.cursor --follow',
      says: 'CEF over syslog, as it happens; goes on where the cursor stands',
    },
  ],
  run: async (given, world) => (await import('../log/export.ts')).exportLog(given, world),
});

export const command = defineCommand({
  name: 'log',
  purpose: 'what happened, and the proof of it',
  about:
    'Reads, whether or not a server runs, and never changes the log. Whoever is not where the log is asks the admin API of its server: `GET /v1/log/records`, and `GET /v1/log/calls/{call}`.',
  instead: {
    url: 'the log is read where it is, and no server is asked; name its data directory or configuration (--data, --config), or ask the server elsewhere for GET /v1/log/records or /v1/log/calls/{call}, with the credential in poorter-operator-key',
  },
  environment: { POORTER_DATA: 'data directory, where neither --data nor --config names one' },
  verbs: { tail, search, show, open, verify, prove, export: exportLog },
});
