import { parseArgs } from 'node:util';
import { KEY_WITHIN } from '@poorter/engine';
import { UsageError } from './arguments.ts';

export { UsageError };

/** What a command takes from outside. */
export interface OperatorWorld {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

export function parsed<const Wanted extends Options>(argv: readonly string[], options: Wanted) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function noPositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`unexpected argument: ${positionals[0]}`);
}

export function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw new UsageError(`${name} is missing`);
  return value;
}

export function listed(text: string | undefined): string[] {
  const items = (text ?? '').split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

const UNIT_SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds of a span such as 90d, 12h, 4w or 30m; NaN when it is none. */
export function spanSeconds(text: string): number {
  const span = /^(\d{1,5})([mhdw])$/.exec(text);
  if (span === null) return Number.NaN;
  return Number(span[1]) * UNIT_SECONDS[span[2] as keyof typeof UNIT_SECONDS];
}

const MOMENTS =
  'a span in minutes, hours, days or weeks, such as 30m, 12h, 90d or 4w (at most 99999 of them), or a date such as 2027-01-31 or 2027-01-31T12:00:00Z';

/** Seconds since the epoch of a span from now, or of an ISO date; it must lie in the future. */
export function moment(text: string, nowMs: number, option: string): number {
  const span = spanSeconds(text);
  const seconds = Number.isNaN(span) ? isoSeconds(text) : Math.floor(nowMs / 1000) + span;
  if (Number.isNaN(seconds)) throw new UsageError(`${option} is ${MOMENTS}`);
  if (seconds > nowMs / 1000) return seconds;
  throw new UsageError(`${option} lies in the past; it is ${MOMENTS}`);
}

export function isoMoment(
  text: string | undefined,
  nowMs: number,
  option: string,
): string | undefined {
  return text === undefined
    ? undefined
    : new Date(moment(text, nowMs, option) * 1000).toISOString();
}

/** An ISO date or time, whenever it is. */
export function isoTime(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError(`${name} is an ISO date or time`);
  return new Date(ms).toISOString();
}

function isoSeconds(text: string): number {
  if (!/^\d{4}-\d\d-\d\d(T.+)?$/.test(text)) return Number.NaN;
  return Math.floor(Date.parse(text) / 1000);
}

/** A key that stands where its id belongs goes nowhere, and is not repeated. */
export function refuseKeyIn(argv: readonly string[]): void {
  if (!argv.some((text) => KEY_WITHIN.test(text))) return;
  throw new UsageError(
    'an argument holds a key, which is to stand in no argument; name it by its id, as `poorter keys list` shows it, and report a key that others may have seen with `poorter keys leaked --stdin`',
  );
}

/** Standard input as one text, at most `charsMax` long. */
export async function readInput(world: OperatorWorld, charsMax: number): Promise<string> {
  let text = '';
  for await (const chunk of world.stdin) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    if (text.length > charsMax) throw new UsageError(`standard input is longer than ${charsMax}`);
  }
  return text;
}
