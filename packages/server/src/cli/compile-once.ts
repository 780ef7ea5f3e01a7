import { baseDirectory } from '../configuration/base-directory.ts';
import {
  type ConfigurationSource,
  loadConfiguration,
} from '../configuration/load-configuration.ts';
import { dataDirectoryOf } from '../configuration/resolve-storage.ts';
import {
  type CompiledSnapshot,
  compileSnapshot,
  type ReadWorld,
} from '../control/compile/index.ts';
import { mayTry, newIdentityKey } from '../control/index.ts';

const NO_KEYS = { jwks: { keys: [] }, generation: 0 };

/** What `serve` would serve, for looking at it. Throws RefusedConfiguration. */
export async function compileOnce(
  source: ConfigurationSource,
  world: ReadWorld,
): Promise<CompiledSnapshot> {
  const configuration = loadConfiguration(source);
  // Identity keys are only needed to complete the snapshot, and written nowhere.
  const identityKey = await newIdentityKey();
  return compileSnapshot({
    configuration,
    configurationFile: source.file ?? 'arguments',
    baseDirectory: baseDirectory(source),
    dataDirectory: dataDirectoryOf(configuration, baseDirectory(source)),
    world,
    version: 1,
    identityKeys: { current: identityKey, all: [identityKey] },
    spool: null,
    issuerKeys: () => null,
    trialKeys: mayTry(configuration, source.file) ? NO_KEYS : null,
  });
}
