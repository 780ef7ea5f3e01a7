import {
  type Allowance,
  type Counters,
  type Draw,
  knownUse,
  type RemoteCounters,
} from '../../counters.ts';
import type { Principal, RequestFacts } from '../../facts.ts';
import { type Deny, deny, type Pass } from '../../policy.ts';
import { compileSubject, type SubjectOf } from './counted-subject.ts';
import type { ConcurrencyConfig, LimitsConfig, QuotaConfig, RateConfig } from './limit-config.ts';
import { concurrencyIdentity, nameOf, quotaIdentity, rateIdentity } from './limit-identity.ts';
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
export type EvaluateLimits = (
  request: RequestFacts,
  context: LimitContext,
) => LimitVerdict | Promise<LimitVerdict>;

/** Pressure from which a caller counts as near its limit: 90 % used. */
export const NEAR_LIMIT = 0.9;

export function isNearLimit(verdict: LimitVerdict): boolean {
  // Ask for the roomy side, so that a NaN counts as near.
  return !(verdict.kind === 'pass' && verdict.pressure < NEAR_LIMIT);
}

/** A rate or a quota, compiled. */
interface CountedLimit {
  readonly name: string;
  readonly policy: string;
  /** Calls that a whole allowance holds. */
  readonly max: number;
  /** What happens while the count that machines share is away. */
  readonly away: 'share' | 'refuse' | 'allow';
  readonly draw: (request: RequestFacts, principal: Principal | null) => Draw;
  readonly refuse: (allowance: Allowance) => Deny;
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
  ports: { readonly counters: Counters; readonly remote?: RemoteCounters | undefined },
  /** Limits that the caller brings along, counted over all that it calls. */
  own: { readonly config: LimitsConfig; readonly scope: LimitScope } | null = null,
): EvaluateLimits {
  const { counters, remote } = ports;
  const sources = own === null ? [{ config, scope }] : [{ config, scope }, own];
  const rates = sources.flatMap(({ config, scope }) =>
    listed(config.limit).map((rate) => compileRate(rate, scope)),
  );
  const quotas = sources.flatMap(({ config, scope }) =>
    listed(config.quota).map((quota) => compileQuota(quota, scope)),
  );
  const counted = [...rates, ...quotas];
  const places = sources.flatMap(({ config, scope }) =>
    listed(config.concurrency).map((one) => compileConcurrency(one, scope)),
  );
  if (counted.length + places.length === 0) return () => UNLIMITED;
  const policies = [...counted, ...places].map(({ policy }) => policy).join(', ');

  return (request, { principal }) => {
    const held: string[] = [];
    const leave = () => {
      for (const key of held.splice(0)) counters.release(key);
    };
    const settle = (verdict: LimitVerdict): LimitVerdict => {
      if (verdict.kind === 'deny') leave();
      else if (held.length > 0) return { ...verdict, onEnd: leave };
      return verdict;
    };
    const fail = (fault: unknown): never => {
      leave();
      throw fault;
    };
    try {
      const verdict = spend(request, principal, held);
      return verdict instanceof Promise ? verdict.then(settle).catch(fail) : settle(verdict);
    } catch (fault) {
      return fail(fault);
    }
  };

  function spend(
    request: RequestFacts,
    principal: Principal | null,
    held: string[],
  ): LimitVerdict | Promise<LimitVerdict> {
    const { nowMs } = request;
    for (const place of places) {
      const key = place.keyPrefix + place.subjectOf(request, principal);
      if (!counters.lease(key, place.max)) return refuseConcurrency(place);
      held.push(key);
    }
    if (counted.length === 0) return conclude([]);
    const draws = counted.map((one) => one.draw(request, principal));
    if (remote === undefined) return conclude(drawHere(counters, draws, nowMs));
    return remote
      .draw(draws, nowMs)
      .then((allowances) => (allowances === null ? drawShare(draws, nowMs) : conclude(allowances)));
  }

  /** The shared count is away: each limit says what then. */
  function drawShare(draws: readonly Draw[], nowMs: number): LimitVerdict {
    const shared = counted.filter(({ away }) => away !== 'allow');
    if (shared.some(({ away }) => away === 'refuse')) {
      return deny('limits_unavailable', {}, { answerHeaders: ['retry-after', '1'] });
    }
    const machines = remote?.machines ?? 1;
    const wanted = draws.filter((_, index) => counted[index]?.away !== 'allow');
    const shares = wanted.map((draw) => shareOf(draw, machines));
    // A share is no gift on top: what is known to be used, here or elsewhere, stays used.
    const allowances = drawHere(counters, [...shares, ...wanted.map(knownUse)], nowMs);
    const last = allowances.at(-1);
    if (last?.allowed === false) {
      const limit = shared[(allowances.length - 1) % shared.length] as CountedLimit;
      return limit.refuse(last);
    }
    remote?.granted(wanted, nowMs);
    return conclude(
      shared.map((_, index) =>
        tighter(allowances[index] as Allowance, allowances[index + shared.length] as Allowance),
      ),
      shared,
    );
  }

  function conclude(
    allowances: readonly Allowance[],
    limits: readonly CountedLimit[] = counted,
  ): LimitVerdict {
    let pressure = 0;
    const items: string[] = [];
    for (const [index, limit] of limits.entries()) {
      const allowance = allowances[index] as Allowance;
      if (!allowance.allowed) return limit.refuse(allowance);
      pressure = Math.max(pressure, usedShare(allowance, limit.max));
      items.push(policyItem(limit.name, allowance));
    }
    return { kind: 'pass', pressure, answerHeaders: limitFields(policies, items) };
  }
}

/**
 * All are looked at before any is taken, so that a call refused by one costs nothing of another;
 * quotas come last, because what they count stays counted for a month.
 */
function drawHere(counters: Counters, draws: readonly Draw[], nowMs: number): Allowance[] {
  const allowances: Allowance[] = [];
  if (draws.length > 1) {
    for (const [index, draw] of draws.entries()) {
      const allowance = look(counters, draw, nowMs);
      if (!allowance.allowed) return [...draws.slice(0, index).map(() => PASSED), allowance];
    }
  }
  for (const draw of draws) {
    const allowance =
      draw.kind === 'rate'
        ? counters.take(draw.key, draw.rate, nowMs)
        : counters.count(draw.key, draw.max, draw.windowEndMs, nowMs);
    allowances.push(allowance);
    if (!allowance.allowed) break;
  }
  return allowances;
}

/** What a draw would find, taking nothing. */
function look(counters: Counters, draw: Draw, nowMs: number): Allowance {
  if (draw.kind === 'rate') return counters.peek(draw.key, draw.rate, nowMs);
  const found = counters.count(draw.key, draw.max, draw.windowEndMs, nowMs, 0);
  if (found.remaining >= 1) return found;
  return { ...found, allowed: false, retryAfterMs: Math.max(1, found.resetMs) };
}

function tighter(one: Allowance, other: Allowance): Allowance {
  return other.remaining < one.remaining ? other : one;
}

/** Stands before the allowance that refused; nobody is shown it. */
const PASSED: Allowance = { allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 0 };

/** One machine's part of an allowance, never less than one call. */
function shareOf(draw: Draw, machines: number): Draw {
  const part = (calls: number) => Math.max(1, Math.floor(calls / machines));
  // Under a key of its own: what was counted elsewhere is not this machine's.
  const key = `share|${draw.key}`;
  if (draw.kind === 'quota') return { ...draw, key, max: part(draw.max) };
  const { requests, perMs, burst } = draw.rate;
  return { ...draw, key, rate: { requests: part(requests), perMs, burst: part(burst) } };
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

function compileRate(config: RateConfig, scope: LimitScope): CountedLimit {
  const { requests, per, by } = config;
  const perMs = PERIOD_MS[per];
  const name = config.name ?? `${nameOf(by)}-${per}`;
  const burst = config.burst ?? requests;
  const keyPrefix = `rate|${scope.api}|${rateIdentity(config)}|`;
  const subjectOf = compileSubject(by, scope.operation);
  const rate = { requests, perMs, burst };
  const policy = `"${name}";q=${requests};w=${perMs / 1000}`;
  return {
    name,
    policy,
    max: burst,
    away: config.whenCountersAreAway,
    draw: (request, principal) => ({
      kind: 'rate',
      key: keyPrefix + subjectOf(request, principal),
      rate,
    }),
    refuse: ({ retryAfterMs }) =>
      deny(
        'rate_limited',
        { limit: name, requests, perMs },
        { answerHeaders: refusalFields(policy, name, retryAfterMs) },
      ),
  };
}

function compileQuota(config: QuotaConfig, scope: LimitScope): CountedLimit {
  const { requests, per, by } = config;
  const name = config.name ?? `${nameOf(by)}-${per}`;
  // A month has no fixed length, so that its policy item names no window.
  const window = per === 'day' ? `;w=${PERIOD_MS.day / 1000}` : '';
  const policy = `"${name}";q=${requests}${window}`;
  const keyPrefix = `quota|${scope.api}|${quotaIdentity(config)}|`;
  const subjectOf = compileSubject(by, scope.operation);
  return {
    name,
    policy,
    max: requests,
    away: config.whenCountersAreAway,
    draw: (request, principal) => ({
      kind: 'quota',
      key: keyPrefix + subjectOf(request, principal),
      max: requests,
      windowEndMs: windowEnd(per, request.nowMs),
    }),
    refuse: ({ retryAfterMs }) =>
      deny(
        'quota_exceeded',
        { quota: name, requests, per },
        { answerHeaders: refusalFields(policy, name, retryAfterMs) },
      ),
  };
}

function compileConcurrency(config: ConcurrencyConfig, scope: LimitScope): CompiledConcurrency {
  const { calls, by } = config;
  const name = config.name ?? `${nameOf(by)}-calls`;
  return {
    keyPrefix: `concurrency|${scope.api}|${concurrencyIdentity(config)}|`,
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

function listed<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}
