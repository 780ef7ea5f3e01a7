import type { Allowance, Counters, Rate } from '../../counters.ts';
import type { Principal, RequestFacts } from '../../facts.ts';
import { type Deny, deny, type Pass } from '../../policy.ts';
import { compileSubject, type SubjectOf } from './counted-subject.ts';
import type { ConcurrencyConfig, LimitsConfig, QuotaConfig, RateConfig } from './limit-config.ts';
import { limitFields, policyItem, refusalFields } from './rate-limit-fields.ts';

export interface LimitContext {
  /** null for anonymous calls, which are counted by address. */
  readonly principal: Principal | null;
}

/** What the configuration stands on. Two APIs never share a counter; operations may. */
export interface LimitScope {
  readonly api: string;
  readonly operation: string;
}

export interface LimitPass extends Pass {
  /**
   * How much of the tightest allowance is used, from 0 (fresh) to 1 (the last call that passes).
   * A gate that must shed refuses the callers with the highest pressure first.
   */
  readonly pressure: number;
}

export type LimitVerdict = LimitPass | Deny;
export type EvaluateLimits = (request: RequestFacts, context: LimitContext) => LimitVerdict;

/** Pressure from which a caller counts as near its limit: 90 % used. */
export const NEAR_LIMIT = 0.9;

export function isNearLimit(verdict: LimitVerdict): boolean {
  // Ask for the roomy side, so that a NaN counts as near.
  return !(verdict.kind === 'pass' && verdict.pressure < NEAR_LIMIT);
}

interface CompiledRate {
  readonly keyPrefix: string;
  readonly subjectOf: SubjectOf;
  readonly rate: Rate;
  readonly name: string;
  readonly policy: string;
}

interface CompiledQuota {
  readonly keyPrefix: string;
  readonly subjectOf: SubjectOf;
  readonly max: number;
  readonly per: 'day' | 'month';
  readonly name: string;
  readonly policy: string;
}

interface CompiledConcurrency {
  readonly keyPrefix: string;
  readonly subjectOf: SubjectOf;
  readonly max: number;
  readonly name: string;
  readonly policy: string;
}

const UNLIMITED: LimitPass = Object.freeze({ kind: 'pass', pressure: 0 });

/**
 * Places first, because they can be given back; then rates; quotas last, because what they count
 * stays counted for a month. Rates are looked at before any is taken, so that a call refused by
 * one costs nothing of another.
 */
export function compileLimits(
  config: LimitsConfig,
  scope: LimitScope,
  ports: { readonly counters: Counters },
  /** Limits that the caller brings along, counted over all that it calls. */
  own: { readonly config: LimitsConfig; readonly scope: LimitScope } | null = null,
): EvaluateLimits {
  const { counters } = ports;
  const sources = own === null ? [{ config, scope }] : [{ config, scope }, own];
  const rates = sources.flatMap(({ config, scope }) =>
    listed(config.limit).map((rate) => compileRate(rate, scope)),
  );
  const quotas = sources.flatMap(({ config, scope }) =>
    listed(config.quota).map((quota) => compileQuota(quota, scope)),
  );
  const places = sources.flatMap(({ config, scope }) =>
    listed(config.concurrency).map((one) => compileConcurrency(one, scope)),
  );
  if (rates.length + quotas.length + places.length === 0) return () => UNLIMITED;
  const policies = [...rates, ...quotas, ...places].map(({ policy }) => policy).join(', ');

  return (request, { principal }) => {
    const held: string[] = [];
    const leave = () => {
      for (const key of held.splice(0)) counters.giveBack(key);
    };
    try {
      const verdict = spend(request, principal, held);
      if (verdict.kind === 'deny') leave();
      else if (held.length > 0) return { ...verdict, onEnd: leave };
      return verdict;
    } catch (fault) {
      leave();
      throw fault;
    }
  };

  function spend(request: RequestFacts, principal: Principal | null, held: string[]): LimitVerdict {
    const { nowMs } = request;
    for (const place of places) {
      const key = place.keyPrefix + place.subjectOf(request, principal);
      if (!counters.lease(key, place.max)) return refuseConcurrency(place);
      held.push(key);
    }
    const keys = rates.map((rate) => rate.keyPrefix + rate.subjectOf(request, principal));
    if (rates.length > 1) {
      for (const [index, rate] of rates.entries()) {
        const allowance = counters.peek(keys[index] as string, rate.rate, nowMs);
        if (!allowance.allowed) return refuseRate(rate, allowance);
      }
    }
    let pressure = 0;
    const items: string[] = [];
    for (const [index, rate] of rates.entries()) {
      const allowance = counters.take(keys[index] as string, rate.rate, nowMs);
      if (!allowance.allowed) return refuseRate(rate, allowance);
      pressure = Math.max(pressure, usedShare(allowance, rate.rate.burst));
      items.push(policyItem(rate.name, allowance));
    }
    for (const quota of quotas) {
      const key = quota.keyPrefix + quota.subjectOf(request, principal);
      const windowEndMs = windowEnd(quota.per, nowMs);
      const allowance = counters.count(key, quota.max, windowEndMs, nowMs);
      if (!allowance.allowed) return refuseQuota(quota, allowance);
      pressure = Math.max(pressure, usedShare(allowance, quota.max));
      items.push(policyItem(quota.name, allowance));
    }
    return { kind: 'pass', pressure, answerHeaders: limitFields(policies, items) };
  }
}

function refuseRate(rate: CompiledRate, allowance: Allowance): Deny {
  const { requests, perMs } = rate.rate;
  return deny(
    'rate_limited',
    { limit: rate.name, requests, perMs },
    { answerHeaders: refusalFields(rate.policy, rate.name, allowance.retryAfterMs) },
  );
}

function refuseQuota(quota: CompiledQuota, allowance: Allowance): Deny {
  return deny(
    'quota_exceeded',
    { quota: quota.name, requests: quota.max, per: quota.per },
    { answerHeaders: refusalFields(quota.policy, quota.name, allowance.retryAfterMs) },
  );
}

/** When a place falls free is not known; a second is polite to both sides. */
const CONCURRENCY_RETRY_MS = 1000;

function refuseConcurrency(place: CompiledConcurrency): Deny {
  return deny(
    'concurrency_exceeded',
    { concurrency: place.name, calls: place.max },
    { answerHeaders: refusalFields(place.policy, place.name, CONCURRENCY_RETRY_MS) },
  );
}

function usedShare(allowance: Allowance, max: number): number {
  return 1 - allowance.remaining / max;
}

const PERIOD_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function compileRate(config: RateConfig, scope: LimitScope): CompiledRate {
  const { requests, per, by } = config;
  const perMs = PERIOD_MS[per];
  const name = config.name ?? `${nameOf(by)}-${per}`;
  const burst = config.burst ?? requests;
  const identity = config.name ?? `${requests}/${per}/${burst}`;
  return {
    keyPrefix: `rate|${scope.api}|${nameOf(by)}|${identity}|`,
    subjectOf: compileSubject(by, scope.operation),
    rate: { requests, perMs, burst },
    name,
    policy: `"${name}";q=${requests};w=${perMs / 1000}`,
  };
}

function compileQuota(config: QuotaConfig, scope: LimitScope): CompiledQuota {
  const { requests, per, by } = config;
  const name = config.name ?? `${nameOf(by)}-${per}`;
  // A month has no fixed length, so that its policy item names no window.
  const window = per === 'day' ? `;w=${PERIOD_MS.day / 1000}` : '';
  return {
    keyPrefix: `quota|${scope.api}|${nameOf(by)}|${config.name ?? `${requests}/${per}`}|`,
    subjectOf: compileSubject(by, scope.operation),
    max: requests,
    per,
    name,
    policy: `"${name}";q=${requests}${window}`,
  };
}

function compileConcurrency(config: ConcurrencyConfig, scope: LimitScope): CompiledConcurrency {
  const { calls, by } = config;
  const name = config.name ?? `${nameOf(by)}-calls`;
  return {
    keyPrefix: `concurrency|${scope.api}|${nameOf(by)}|${config.name ?? calls}|`,
    subjectOf: compileSubject(by, scope.operation),
    max: calls,
    name,
    policy: `"${name}";q=${calls};qu="concurrent-requests"`,
  };
}

/** The next UTC midnight, or the first of the next month: the same instant for every caller. */
export function windowEnd(per: 'day' | 'month', nowMs: number): number {
  const now = new Date(nowMs);
  const year = now.getUTCFullYear();
  const month = now.getUTCMonth();
  return per === 'day' ? Date.UTC(year, month, now.getUTCDate() + 1) : Date.UTC(year, month + 1, 1);
}

function nameOf(by: RateConfig['by']): string {
  return typeof by === 'string' ? by : [...new Set(by)].sort().join('-');
}

function listed<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}
