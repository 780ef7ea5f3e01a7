/** A date, or a time of a day, as those that read one in YAML write it again. */
export interface Timestamp {
  /** JavaScript, which cuts off what is less than a millisecond. */
  readonly iso: string;
  /** Go: of a fraction, the digits that are needed. */
  readonly rfc3339: string;
  /** symfony/yaml. */
  readonly seconds: string;
  /** What Java makes of a date. */
  readonly millis: string;
}

/** YAML 1.1, and what go-yaml and Psych take besides. */
const TIMESTAMP =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]| +)([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]*))?(?: *(?:Z|([-+])([0-9]{1,2})(?::?([0-9]{2}))?))?)?$/;

/** Earlier, calendars differ, and JavaScript takes years of two digits for those of its own century. */
const YEAR_MIN = 1_583;
/** Go has no more digits of a fraction. */
const FRACTION_MAX = 9;

export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text);
}

/** Undefined where there is no such day or time: some go on to the next month, and some read text. */
export function readTimestamp(text: string): Timestamp | undefined {
  const found = TIMESTAMP.exec(text);
  if (found === null) return undefined;
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = found;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((digits = '0') => Number(digits));
  if (year < YEAR_MIN || hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  if (fraction.length > FRACTION_MAX) return undefined;
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  const minutes = hour * 60 + minute - offset;
  const start = midnight.getTime() + (minutes * 60 + second) * 1_000;
  const millis = start + Number(fraction.slice(0, 3).padEnd(3, '0'));
  const needed = fraction.replace(/0+$/, '');
  const tail = needed === '' ? '' : `.${needed}`;
  return {
    iso: new Date(millis).toISOString(),
    rfc3339: new Date(start).toISOString().replace('.000Z', `${tail}Z`),
    seconds: `${start / 1_000}${tail}`,
    millis: String(millis),
  };
}
