import type { ValueReader } from './define-command.ts';
import { UsageError } from './usage-error.ts';

const UNIT_SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds of a span such as 90d, 12h, 4w or 30m; NaN when it is none. */
export function spanSeconds(text: string): number {
  const span = /^(\d{1,5})([mhdw])$/.exec(text);
  if (span === null) return Number.NaN;
  return Number(span[1]) * UNIT_SECONDS[span[2] as keyof typeof UNIT_SECONDS];
}

const MOMENTS =
  'a span in minutes, hours, days or weeks, such as 30m, 12h, 90d or 4w (at most 99999 of them), or a date such as 2027-01-31 or 2027-01-31T12:00:00Z';

/** A span from now, or an ISO date, which must lie in the future; as an ISO time to the second. */
export const futureTime: ValueReader<string> = (text, { name, now }) => {
  const span = spanSeconds(text);
  const seconds = Number.isNaN(span) ? isoSeconds(text) : Math.floor(now / 1000) + span;
  if (Number.isNaN(seconds)) throw new UsageError(`${name} is ${MOMENTS}`);
  if (seconds > now / 1000) return new Date(seconds * 1000).toISOString();
  throw new UsageError(`${name} lies in the past; it is ${MOMENTS}`);
};

/** The same, or null for `never`. */
export const futureTimeOrNever: ValueReader<string | null> = (text, place) =>
  text === 'never' ? null : futureTime(text, place);

/** An ISO date or time, whenever it is; as an ISO time. */
export const isoTime: ValueReader<string> = (text, { name }) => {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError(`${name} is an ISO date or time`);
  return new Date(ms).toISOString();
};

function isoSeconds(text: string): number {
  if (!/^\d{4}-\d\d-\d\d(T.+)?$/.test(text)) return Number.NaN;
  return Math.floor(Date.parse(text) / 1000);
}

/** A span, in seconds. */
export const span: ValueReader<number> = (text, { name }) => {
  const seconds = spanSeconds(text);
  if (Number.isNaN(seconds)) throw new UsageError(`${name} takes 30m, 24h, 7d or 0m`);
  return seconds;
};

export function wholeNumber(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): ValueReader<number> {
  return (text, { name }) => {
    const value = Number(text);
    // Ask for the allowed side: what is no number is refused.
    if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`${name} is a whole number from ${least} to ${most}`);
  };
}
