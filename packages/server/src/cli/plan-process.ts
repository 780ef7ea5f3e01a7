import { findRuntimeFaults, refuseUnsafeRuntime } from '@poorter/openapi';
import {
  baseDirectory,
  type ConfigurationSource,
  loadConfiguration,
} from '../configuration/load-configuration.ts';
import { dataDirectoryOf, isDirectory } from '../configuration/resolve-storage.ts';
import { UsageError } from './definition/usage-error.ts';
import type { PlanAnswer, ServePlan } from './serve-plan.ts';
import { startFailure } from './start-failure.ts';

/** Reads what is to be served, for a supervisor that keeps nothing of it. */
process.once('message', (source) => {
  process.send?.(answer(source as ConfigurationSource), () => process.disconnect?.());
});

function answer(source: ConfigurationSource): PlanAnswer {
  try {
    return { plan: plan(source) };
  } catch (error) {
    const isUsage = error instanceof UsageError;
    return { isUsage, words: isUsage ? error.message : startFailure(error as Error) };
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
