import { at, type Case } from './case.fixture.ts';

export const rate = { requests: 10, per: 'minute' };
export const quota = { requests: 100, per: 'day' };
export const places = { calls: 5 };
/** The same limits stand in the configuration and in x-poorter. */
export function limits(prefix: string, limit: string): Case[] {
  const rates = `${prefix}${limit}`;
  const [quotas, concurrency] = [`${prefix}quota`, `${prefix}concurrency`];
  return [
    at(rates, rate, undefined, 'limit-removed'),
    within(rates, rate, 'requests', 10, 11),
    within(rates, rate, 'per', 'minute', 'second'),
    within(rates, rate, 'burst', 10, 20),
    within(rates, rate, 'by', 'client', ['client', 'operation']),
    { ...within(rates, rate, 'by', 'client', 'address'), bothWays: true },
    within(rates, rate, 'name', 'shared', undefined),
    within(rates, rate, 'whenCountersAreAway', 'refuse', 'share'),
    within(rates, rate, 'whenCountersAreAway', 'share', 'allow'),
    at(rates, [rate, { ...rate, requests: 60, per: 'hour' }], rate, 'limit-raised'),
    at(quotas, quota, undefined, 'limit-removed'),
    within(quotas, quota, 'requests', 100, 101),
    within(quotas, quota, 'per', 'month', 'day'),
    within(quotas, quota, 'by', 'operation', ['client', 'operation']),
    within(quotas, quota, 'name', 'shared', undefined),
    within(quotas, quota, 'whenCountersAreAway', 'refuse', 'allow'),
    at(concurrency, places, undefined, 'limit-removed'),
    within(concurrency, places, 'calls', 5, 6),
    within(concurrency, places, 'by', 'client', ['client', 'subject']),
    within(concurrency, places, 'name', 'shared', undefined),
  ];
}

function within(key: string, limit: object, member: string, was: unknown, is: unknown): Case {
  const one = at(key, { ...limit, [member]: was }, { ...limit, [member]: is }, 'limit-raised');
  return { ...one, keys: [`${key}.${member}`] };
}

const cors = { origins: ['https://app.example'] };
export const corsCases = (prefix: string): Case[] => [
  at(`${prefix}cors`, cors, 'off', 'cors-widened', { bothWays: true }),
  at(`${prefix}cors.origins`, cors.origins, '*', 'cors-widened'),
  at(`${prefix}cors.origins`, cors.origins, [...cors.origins, 'null'], 'cors-widened'),
  corsCase(prefix, 'credentials', false, true),
  corsCase(prefix, 'headers', [], ['x-secret']),
  corsCase(prefix, 'expose', [], ['x-secret']),
];
function corsCase(prefix: string, key: string, was: unknown, is: unknown): Case {
  const one = at(`${prefix}cors`, { ...cors, [key]: was }, { ...cors, [key]: is }, 'cors-widened');
  return { ...one, keys: [`${prefix}cors.${key}`] };
}
