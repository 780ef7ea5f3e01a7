import { portFault } from '../../platform/addresses/index.ts';
import type { Given, ValueReader } from '../definition/define-command.ts';
import { UsageError } from '../definition/usage-error.ts';

/** What several commands take. */
export const JSON_OPTION = { json: { says: 'JSON on standard output' } } as const;

/** Where a command finds the server it speaks to. */
export const SERVER_OPTIONS = {
  data: {
    value: 'DIR',
    path: 'directory',
    says: 'data directory of the running server',
    variable: 'POORTER_DATA',
    default: './poorter-data',
  },
  url: {
    value: 'URL',
    read: serverAddress,
    excludes: ['data'],
    says: 'control address of a server elsewhere; the credential is then in POORTER_OPERATOR_KEY',
  },
  ...JSON_OPTION,
} as const;

export type ServerGiven = Given<typeof SERVER_OPTIONS>;

export const SERVER_ENVIRONMENT = {
  POORTER_OPERATOR_KEY: 'credential, in place of the one in the data directory',
} as const;

/** For commands that work on the data directory itself, whether or not a server runs. */
export const STORAGE_OPTIONS = {
  config: {
    value: 'FILE',
    path: 'file',
    says: 'take storage, dataDirectory and masterKey from this poorter.yaml',
  },
  data: {
    value: 'DIR',
    path: 'directory',
    says: 'data directory',
    otherwise: './poorter-data',
  },
  storage: {
    value: 'TEXT',
    says: 'postgres://…, env:NAME or file:PATH, when the state is not in the data directory',
  },
  masterKey: {
    value: 'TEXT',
    says: 'file:PATH, env:NAME or vault:…',
    otherwise: 'master.key in the data directory',
  },
  ...JSON_OPTION,
} as const;

export type StorageGiven = Given<typeof STORAGE_OPTIONS>;

/** A password in it would stand in every sentence about the server. */
function serverAddress(...[text, { name }]: Parameters<ValueReader<string>>): string {
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === '';
  if (isPlain && url.username + url.password === '') return text;
  const port = portFault(text);
  if (port !== null) throw new UsageError(`${name} ${port}`);
  throw new UsageError(
    `${name} is http://HOST:PORT or https://HOST:PORT, without credentials, query and fragment`,
  );
}
