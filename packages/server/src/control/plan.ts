import { findRuntimeFaults, refuseUnsafeRuntime } from '@poorter/openapi';
import { baseDirectory } from '../configuration/base-directory.ts';
import { loadConfiguration } from '../configuration/load-configuration.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { dataDirectoryOf, isDirectory } from '../configuration/resolve-storage.ts';
import type { ConfigurationSource, PlanAnswer, ServePlan } from '../messages/between-processes.ts';

/** What the supervisor must know of a configuration before anything is opened. Nothing is written. */
export function planOf(source: ConfigurationSource): PlanAnswer {
  try {
    return { plan: plan(source) };
  } catch (error) {
    if (!(error instanceof RefusedConfiguration)) return { fault: (error as Error).message };
    const { diagnostics, files } = error;
    return { diagnostics, files };
  }
}

function plan(source: ConfigurationSource): ServePlan {
  const faults = findRuntimeFaults();
  // They are read around. One that reaches our own code ends the start.
  refuseUnsafeRuntime(faults);
  const configuration = loadConfiguration(source);
  return {
    dataDirectory: dataDirectoryOf(configuration, baseDirectory(source)),
    holdsAll: isDirectory(configuration.storage),
    threads: configuration.gateway.threads,
    drainMs: configuration.timeouts.drainMs,
    faults: faults.map(({ what, reference, mendedIn }) => ({ what, reference, mendedIn })),
  };
}
