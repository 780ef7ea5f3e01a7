import { defineCommand } from '../definition/define-command.ts';
import { startFailure } from '../start-failure.ts';
import { SERVE_ARGUMENTS, SERVE_OPTIONS } from './serve.ts';

export const command = defineCommand({
  name: 'check',
  purpose: 'read everything, say what is wrong, serve nothing',
  forms: ['OPENAPI [options]', '--config poorter.yaml [options]'],
  about:
    'Takes the options of serve; reads everything that serve would read, serves nothing and writes nothing. Addresses to listen on are tried at another port: a port that is taken is found by serve. SQLite files are looked at. Other machines are asked with --ask-others alone, and nothing is changed there: PostgreSQL (does it take us, may we make what is not there yet, is it newer than this program), a vault (does it open the keys that are there), token issuers (their keys), OpenID providers (their documents and keys), shared counters (would they count for us).',
  arguments: SERVE_ARGUMENTS,
  options: {
    ...SERVE_OPTIONS,
    askOthers: { says: 'also ask PostgreSQL, vaults, token issuers and shared counters' },
    json: { says: 'one JSON line on standard output' },
  },
  exits: { 0: 'no error was found', 1: 'an error was found', 2: 'called wrongly' },
  examples: [
    { line: 'poorter check openapi.yaml', says: 'what is wrong with a description, and where' },
    {
      line: 'poorter check --config poorter.yaml --ask-others',
      says: 'on the machine that will serve: also whether it reaches what it needs',
    },
  ],
  inWords: startFailure,
  run: async (given, world) => (await import('../check.ts')).check(given, world),
});
