import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  baseDirectory,
  type ConfigurationSource,
  loadConfiguration,
} from '../configuration/load-configuration.ts';
import { dataDirectoryOf } from '../configuration/resolve-storage.ts';
import { type CompiledSnapshot, compileSnapshot } from '../control/compile-snapshot.ts';
import { loadIdentityKeys } from '../control/identity-keys.ts';
import { mayTry } from '../control/trial-issuer.ts';

const NO_KEYS = { jwks: { keys: [] }, generation: 0 };

/** What `serve` would serve, for looking at it. Throws RefusedConfiguration. */
export async function compileOnce(source: ConfigurationSource): Promise<CompiledSnapshot> {
  const configuration = loadConfiguration(source);
  // Identity keys are only needed to complete the snapshot; they are thrown away with their folder.
  const scratch = mkdtempSync(join(tmpdir(), 'poorter-check-'));
  try {
    return compileSnapshot({
      configuration,
      configurationFile: source.file ?? 'arguments',
      baseDirectory: baseDirectory(source),
      dataDirectory: dataDirectoryOf(configuration, baseDirectory(source)),
      version: 1,
      identityKeys: await loadIdentityKeys(scratch, Date.now(), null),
      spool: null,
      issuerKeys: () => null,
      trialKeys: mayTry(configuration, source.file) ? NO_KEYS : null,
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
