export {
  type CounterMemory,
  type CounterMemoryOptions,
  createCounterMemory,
  releaseThread,
} from './counter-memory.ts';
export { ByteLedger, InFlightGauge } from './gauges.ts';
export { ProofTable } from './proof-table.ts';
export { exportQuotas, importQuotas, type QuotaImport } from './quota-file.ts';
export { SharedCounters } from './shared-counters.ts';
/** Loaded by whoever shares counters. */
export async function inspectSharedCounters(
  ...[url, tls]: Parameters<InspectValkey>
): Promise<void> {
  await (await import('./inspect-valkey.ts')).inspectValkey(url, tls);
}

type InspectValkey = typeof import('./inspect-valkey.ts').inspectValkey;

export type { ValkeyCounters } from './valkey-counters.ts';

/** Loaded where counters are shared: it brings a client. */
export async function loadValkeyCounters() {
  return (await import('./valkey-counters.ts')).ValkeyCounters;
}
