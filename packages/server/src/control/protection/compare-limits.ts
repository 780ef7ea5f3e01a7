import type {
  OperationProtection,
  PlacesProtection,
  QuotaProtection,
  RateProtection,
} from './protection.ts';
import type { Remark } from './weakening.ts';

type AnyLimit = RateProtection | QuotaProtection | PlacesProtection;

/** Each limit must still be held by one that is as tight and counts the same callers together. */
export function compareLimits(before: OperationProtection, after: OperationProtection): Remark[] {
  return [
    ...compareList('rate', before.rates, after.rates, isTightRate, rateText),
    ...compareList('quota', before.quotas, after.quotas, isTightQuota, quotaText),
    ...compareList('concurrency', before.places, after.places, isTightPlaces, placesText),
  ];
}

function compareList<Limit extends AnyLimit>(
  what: string,
  before: readonly Limit[],
  after: readonly Limit[],
  isTight: (next: Limit, old: Limit) => boolean,
  textOf: (limit: Limit) => string,
): Remark[] {
  const lost = before.filter(
    (old) => !after.some((next) => isTight(next, old) && countsAtLeast(next, old)),
  );
  return lost.map((old) =>
    after.length === 0
      ? ['limit-removed', `The ${what} limit is gone: ${textOf(old)}.`]
      : [
          'limit-raised',
          `The ${what} limit is looser: ${after.map(textOf).join(' and ')}, was ${textOf(old)}.`,
        ],
  );
}

/** Fewer parts put more calls on one account; another name, or none, is another account. */
function countsAtLeast(next: AnyLimit, old: AnyLimit): boolean {
  const had = partsOf(old);
  const isCoarser = partsOf(next).every((part) => had.includes(part));
  const isShared = old.name === undefined || old.name === next.name;
  return isCoarser && isShared && awayStrength(next) >= awayStrength(old);
}

function partsOf({ by }: AnyLimit): readonly string[] {
  return typeof by === 'string' ? [by] : by;
}

function awayStrength(limit: AnyLimit): number {
  if (!('whenCountersAreAway' in limit)) return 0;
  return { allow: 0, share: 1, refuse: 2 }[limit.whenCountersAreAway];
}

const SECONDS = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;

function isTightRate(next: RateProtection, old: RateProtection): boolean {
  const isSlower = next.requests * SECONDS[old.per] <= old.requests * SECONDS[next.per];
  return isSlower && burstOf(next) <= burstOf(old);
}

function burstOf({ burst, requests }: RateProtection): number {
  return burst ?? requests;
}

const DAYS_MAX = 31;

function isTightQuota(next: QuotaProtection, old: QuotaProtection): boolean {
  const isShorter = next.per === 'day' && old.per === 'month';
  return next.requests * (isShorter ? DAYS_MAX : 1) <= old.requests;
}

function isTightPlaces(next: PlacesProtection, old: PlacesProtection): boolean {
  return next.calls <= old.calls;
}

function rateText(rate: RateProtection): string {
  const burst = burstOf(rate) === rate.requests ? '' : ` and ${burstOf(rate)} at once`;
  return `${rate.requests} per ${rate.per}${burst}${counting(rate)}`;
}

function quotaText(quota: QuotaProtection): string {
  return `${quota.requests} per ${quota.per}${counting(quota)}`;
}

function placesText(places: PlacesProtection): string {
  return `${places.calls} at once${counting(places)}`;
}

function counting(limit: AnyLimit): string {
  const name = limit.name === undefined ? '' : ` as ${limit.name}`;
  const away =
    'whenCountersAreAway' in limit && limit.whenCountersAreAway !== 'share'
      ? `, ${limit.whenCountersAreAway} while counters are away`
      : '';
  return ` by ${partsOf(limit).join(' and ')}${name}${away}`;
}
