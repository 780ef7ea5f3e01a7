import { resolveStorage } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import type { IssuerSnapshot } from '../messages/between-issuer.ts';
import type { World } from '../platform/world/index.ts';

/** Where our own authorization server finds the state, and keeps what it hands out. */
export function issuerStorage(
  configuration: Configuration,
  { dataDirectory, baseDirectory }: { dataDirectory: string; baseDirectory: string },
  { environment }: Pick<World, 'environment'>,
): IssuerSnapshot['storage'] {
  const { state, issuer } = resolveStorage(configuration, baseDirectory, environment);
  const { masterKey } = configuration;
  return { state, issuer, masterKey, dataDirectory, baseDirectory };
}
