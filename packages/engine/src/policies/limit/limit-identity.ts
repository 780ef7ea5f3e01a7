import type { ConcurrencyConfig, CountedBy, QuotaConfig, RateConfig } from './limit-config.ts';

/** Under which a rate is counted, within its API: limits that share it share their counters. */
export function rateIdentity({ by, name, requests, per, burst = requests }: RateConfig): string {
  return `${nameOf(by)}|${name ?? `${requests}/${per}/${burst}`}`;
}

export function quotaIdentity({ by, name, requests, per }: QuotaConfig): string {
  return `${nameOf(by)}|${name ?? `${requests}/${per}`}`;
}

export function concurrencyIdentity({ by, name, calls }: ConcurrencyConfig): string {
  return `${nameOf(by)}|${name ?? calls}`;
}

export function nameOf(by: CountedBy | readonly CountedBy[]): string {
  return typeof by === 'string' ? by : [...new Set(by)].sort().join('-');
}
