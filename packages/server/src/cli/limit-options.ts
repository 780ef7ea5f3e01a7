import { parseJsonText } from '@poorter/openapi/json';
import { UsageError } from './options.ts';

/** How much a key may call, for `parseArgs`. */
export const LIMIT_OPTIONS = {
  limits: { type: 'string' },
  rate: { type: 'string' },
  quota: { type: 'string' },
  concurrency: { type: 'string' },
} as const;

type Given = { readonly [Option in keyof typeof LIMIT_OPTIONS]?: string | undefined };

const RATE_PERIODS = ['second', 'minute', 'hour', 'day'];
const QUOTA_PERIODS = ['day', 'month'];

/** `limits` of a key, in the shape of the admin API; nothing where no option was given. */
export function limitsOf({ limits, rate, quota, concurrency }: Given): { limits?: unknown } {
  const hasFlags = [rate, quota, concurrency].some((flag) => flag !== undefined);
  if (limits !== undefined) {
    if (hasFlags) {
      throw new UsageError(
        '--limits says everything at once: not with --rate, --quota, --concurrency',
      );
    }
    return { limits: jsonOf(limits) };
  }
  if (!hasFlags) return {};
  return {
    limits: {
      ...(rate !== undefined && { limit: perPeriod(rate, '--rate', RATE_PERIODS) }),
      ...(quota !== undefined && { quota: perPeriod(quota, '--quota', QUOTA_PERIODS) }),
      ...(concurrency !== undefined && { concurrency: { calls: countOf(concurrency) } }),
    },
  };
}

function perPeriod(
  text: string,
  option: string,
  periods: readonly string[],
): { requests: number; per: string }[] {
  return text.split(',').map((one) => {
    const [, digits, per = ''] = /^\s*(\d{1,10})\s*\/\s*([a-z]+)\s*$/.exec(one) ?? [];
    const requests = Number(digits);
    if (requests >= 1 && periods.includes(per)) return { requests, per };
    throw new UsageError(
      `${option} takes NUMBER/PERIOD, such as 60/${periods.at(0)}; periods: ${periods.join(', ')}`,
    );
  });
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError('--concurrency takes a number of calls, such as 5');
}

function jsonOf(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    throw new UsageError(
      `--limits takes JSON, such as '{"limit":{"requests":60,"per":"minute"}}'; --rate 60/minute says the same`,
    );
  }
}
