export {
  type CounterMemory,
  type CounterMemoryOptions,
  createCounterMemory,
  releaseThread,
} from './counter-memory.ts';
export { ByteLedger, InFlightGauge } from './gauges.ts';
export { exportQuotas, importQuotas, type QuotaImport } from './quota-file.ts';
export { SharedCounters } from './shared-counters.ts';
export { ValkeyCounters } from './valkey-counters.ts';
