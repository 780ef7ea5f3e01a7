import { defineCommand } from '../definition/define-command.ts';
import { startFailure } from '../start-failure.ts';
import { SERVE_ARGUMENTS, SERVE_OPTIONS } from './serve.ts';

export const command = defineCommand({
  name: 'check',
  purpose: 'read everything, say what is wrong, serve nothing',
  forms: ['OPENAPI [options]', '--config poorter.yaml [options]'],
  about:
    'Takes the options of serve; reads everything that serve would read, serves nothing and writes nothing. Addresses to listen on are tried at another port: a port that is taken is found by serve. SQLite files are looked at; issuers, vaults and PostgreSQL are not asked.',
  arguments: SERVE_ARGUMENTS,
  options: { ...SERVE_OPTIONS, json: { says: 'one JSON line on standard output' } },
  exits: { 0: 'no error was found', 1: 'an error was found', 2: 'called wrongly' },
  examples: [
    { line: 'poorter check openapi.yaml', says: 'what is wrong with a description, and where' },
  ],
  inWords: startFailure,
  run: async (given, world) => (await import('../check.ts')).check(given, world),
});
