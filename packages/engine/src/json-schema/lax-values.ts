import { decimalOf, ExactNumber, isIntegral } from '../json/index.ts';

/** The flag that a quoted word means. YAML 1.1 called `yes` and `on` true, and YAML 1.2 does not. */
export function meantFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (word === 'true' || word === 'yes' || word === 'on') return true;
  return word === 'false' || word === 'no' || word === 'off' ? false : undefined;
}

/** The number that a quoted one means: by the grammar of JSON, without exponent. */
export function meantNumber(value: unknown): number | ExactNumber | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (!/^-?(?:0|[1-9]\d{0,99})(?:\.\d{1,99})?$/.test(text)) return undefined;
  return text.length <= 15 ? Number(text) : new ExactNumber(text);
}

/** A whole number as a name or text would spell it; undefined where the spelling is lost. */
export function wholeNumberText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return /^-?[1-9]\d*$/.test(value.text) ? value.text : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

export function isNegativeWhole(value: unknown): boolean {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber && !(value instanceof ExactNumber)) return false;
  const decimal = decimalOf(value);
  return decimal !== undefined ? decimal.negative && isIntegral(decimal) : false;
}

/** Names such as `__proto__` become members like any other. */
export function setMember(record: object, name: string, value: unknown): void {
  Object.defineProperty(record, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
