import { parseJsonText } from '@poorter/openapi/json';
import type { Limits } from '../../../messages/admin-contract.generated.ts';
import type { Given, ValueReader } from '../../definition/define-command.ts';
import { UsageError } from '../../definition/usage-error.ts';
import { wholeNumber } from '../../definition/value-readers.ts';

interface Rate {
  readonly requests: number;
  readonly per: string;
}

const CONCURRENCY_MAX = 9_999_999;

/** How much a key may call. */
export const LIMIT_OPTIONS = {
  rate: {
    value: 'N/PERIOD,…',
    read: perPeriod(['second', 'minute', 'hour', 'day']),
    says: 'requests per second, minute, hour or day (GCRA), such as 10/second,300/minute',
  },
  quota: {
    value: 'N/PERIOD,…',
    read: perPeriod(['day', 'month']),
    says: 'requests per calendar day or month (UTC), such as 1000/day',
  },
  concurrency: {
    value: 'N',
    read: wholeNumber(1, CONCURRENCY_MAX),
    says: 'calls under way at the same time',
  },
  limits: {
    value: 'JSON',
    read: jsonOf,
    says: 'the same as JSON, with everything that x-poorter knows',
    excludes: ['rate', 'quota', 'concurrency'],
  },
} as const;

/** The same of a key that has limits: what is given takes the place of all of them. */
export const CHANGED_LIMITS = {
  ...LIMIT_OPTIONS,
  limits: {
    ...LIMIT_OPTIONS.limits,
    value: 'JSON|none',
    read: (text: string): Limits | null => (text === 'none' ? null : jsonOf(text)),
    says: 'the same as JSON, with everything that x-poorter knows; none: no limits of its own any more',
  },
} as const;

export function changedLimitsOf({ limits, ...given }: Given<typeof CHANGED_LIMITS>): {
  limits?: Limits | null;
} {
  return limits === null ? { limits } : limitsOf({ limits, ...given });
}

/** `limits` of a key, in the shape of the admin API; nothing where no option was given. */
export function limitsOf({ limits, rate, quota, concurrency }: Given<typeof LIMIT_OPTIONS>): {
  limits?: Limits;
} {
  if (limits !== undefined) return { limits };
  if ([rate, quota, concurrency].every((one) => one === undefined)) return {};
  return {
    limits: {
      ...(rate !== undefined && { limit: rate }),
      ...(quota !== undefined && { quota }),
      ...(concurrency !== undefined && { concurrency: { calls: concurrency } }),
    },
  };
}

function perPeriod(periods: readonly string[]): ValueReader<readonly Rate[]> {
  return (text, { name }) =>
    text.split(',').map((one) => {
      const [, digits, per = ''] = /^\s*(\d{1,10})\s*\/\s*([a-z]+)\s*$/.exec(one) ?? [];
      const requests = Number(digits);
      if (requests >= 1 && periods.includes(per)) return { requests, per };
      throw new UsageError(
        `${name} takes NUMBER/PERIOD, such as 60/${periods.at(0)}; periods: ${periods.join(', ')}`,
      );
    });
}

function jsonOf(text: string): Limits {
  const limits = parsed(text);
  if (isLimits(limits)) return limits;
  throw new UsageError(
    `--limits takes JSON, such as '{"limit":{"requests":60,"per":"minute"}}'; --rate 60/minute says the same`,
  );
}

function parsed(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}

const PARTS: readonly string[] = ['limit', 'quota', 'concurrency'] satisfies (keyof Limits)[];

/** What the server judges further: it knows all of x-poorter. */
function isLimits(value: unknown): value is Limits {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, part]) => PARTS.includes(name) && typeof part === 'object' && part !== null,
  );
}
