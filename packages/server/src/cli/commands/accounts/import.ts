import { AdminClient } from '../../admin-client.ts';
import { defineVerb } from '../../definition/define-command.ts';
import { UsageError } from '../../definition/usage-error.ts';
import { SERVER_OPTIONS } from '../shared-options.ts';

export const importVerb = defineVerb({
  purpose: 'makes accounts of people who have one elsewhere, from a file',
  about:
    'An account a record of CSV (RFC 4180, with a header), a line of JSON, or a user of an export of Keycloak; hashes of passwords as PHC, bcrypt, Passlib, Django and Keycloak write them. A file is looked at whole before the first account is made; each hundred are made in one piece, and nobody is told. What is wrong is named with its line, and then nothing of its hundred, or of what follows, is imported. The same again with `--existing skip` goes on where it stopped.\n\nPrints the id and the login of each.',
  arguments: {
    file: { value: 'FILE', path: 'file', says: 'with the accounts; - is standard input' },
  },
  options: {
    format: {
      value: 'FORMAT',
      oneOf: ['csv', 'jsonl', 'keycloak'],
      says: 'how the file is written',
      otherwise: 'by its name: .csv, .jsonl or .ndjson',
    },
    existing: {
      value: 'WHAT',
      oneOf: ['refuse', 'skip'],
      default: 'refuse',
      says: 'what is done where a login is there already; skip: it stays as it is',
    },
    leaveOut: {
      value: 'KIND,…',
      isList: true,
      oneOf: ['password', 'code', 'identity', 'other'],
      says: 'what of these cannot be taken over is left out and counted; other: passkeys and recovery codes of Keycloak',
      otherwise: 'nothing is, and it stands against the account',
    },
    provider: {
      value: 'ALIAS=ISSUER',
      isRepeatable: true,
      read: (text) => {
        const [, alias, issuer] = /^([^=]{1,200})=(https?:\/\/.{1,500})$/.exec(text) ?? [];
        if (alias !== undefined && issuer !== undefined) return [alias, issuer] as const;
        throw new UsageError('--provider is ALIAS=ISSUER, with the issuer as an URL');
      },
      says: 'the issuer of a provider that a realm of Keycloak calls so, where its export does not say it',
    },
    dryRun: { says: 'says what would be imported, and what is wrong; nothing changes' },
    ...SERVER_OPTIONS,
  },
  examples: [
    {
      line: 'poorter accounts import people.csv --dry-run',
      says: 'what would come of it, and what is wrong, with its line',
    },
    {
      line: 'poorter accounts import realm-export.json --format keycloak --leave-out other',
      says: 'the users of a realm, without the passkeys that hold for its address alone',
    },
  ],
  async run({ file, format, existing, provider, dryRun, ...given }, world) {
    const { accountSource } = await import('../../account-import/read-accounts.ts');
    const { importAccounts } = await import('../../account-import/import-accounts.ts');
    const providers = new Map(provider);
    const source = accountSource({ file, format, providers, stdin: world.stdin });
    const server = AdminClient.find(given, world.environment);
    const { leaveOut = [], json } = given;
    const terms = { existing, isPreview: dryRun, leaveOut, json };
    return importAccounts(server, source, terms, world);
  },
});
