import { ExactNumber } from './types.ts';

/** A finite decimal: ± 0.d₁d₂d₃… × 10^magnitude. Zero has no digits. */
export interface Decimal {
  readonly negative: boolean;
  /** Significant digits without leading or trailing zeros; '' is zero. */
  readonly digits: string;
  /** Power of ten of the last digit. */
  readonly exponent: number;
}

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };

/** Reads JSON number syntax; undefined for anything else ("Infinity" and "NaN" among it). */
export function readDecimal(text: string): Decimal | undefined {
  const parts = NUMBER.exec(text);
  if (parts === null) return undefined;
  const fraction = parts[3] ?? '';
  const all = parts[2]! + fraction;
  let first = 0;
  while (first < all.length && all.charCodeAt(first) === 48) first++;
  if (first === all.length) return ZERO;
  let last = all.length;
  while (all.charCodeAt(last - 1) === 48) last--;
  return {
    negative: parts[1] === '-',
    digits: all.slice(first, last),
    exponent: Number(parts[4] ?? 0) - fraction.length + (all.length - last),
  };
}

/** A double means its shortest decimal: 0.1 is one tenth. Infinity and NaN are no decimals. */
export function decimalOf(value: number | bigint | ExactNumber): Decimal | undefined {
  return readDecimal(value instanceof ExactNumber ? value.text : String(value));
}

export function isIntegral(value: Decimal): boolean {
  return value.exponent >= 0;
}

export function compareDecimals(left: Decimal, right: Decimal): number {
  if (left.digits === '' || right.digits === '') return signOf(left) - signOf(right);
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  return left.negative ? compareSizes(right, left) : compareSizes(left, right);
}

/** Is `value` an integer multiple of `step`? Exact, and cheap for any exponent. */
export function isMultiple(value: Decimal, step: Decimal): boolean {
  if (value.digits === '') return true;
  if (step.digits === '') return false;
  const shift = value.exponent - step.exponent;
  const divisor = BigInt(step.digits);
  if (shift >= 0) return (BigInt(value.digits) * powerOfTen(shift, divisor)) % divisor === 0n;
  // Fewer digits than the divisor has zeros: smaller than the step, so never a multiple.
  if (-shift > value.digits.length) return false;
  return BigInt(value.digits) % (divisor * 10n ** BigInt(-shift)) === 0n;
}

/** One spelling for each value: 1, 1.0 and 10e-1 are the same text. */
export function canonicalDecimal(value: Decimal): string {
  if (value.digits === '') return '0';
  return `${value.negative ? '-' : ''}${value.digits}e${value.exponent}`;
}

/** Does the double carry exactly the value the text spells? */
export function carriesExactly(text: string): boolean {
  const meant = readDecimal(text);
  const carried = decimalOf(Number(text));
  if (meant === undefined || carried === undefined) return false;
  return (
    meant.digits === carried.digits &&
    meant.exponent === carried.exponent &&
    meant.negative === carried.negative
  );
}

function signOf(value: Decimal): number {
  if (value.digits === '') return 0;
  return value.negative ? -1 : 1;
}

function compareSizes(left: Decimal, right: Decimal): number {
  const magnitude = left.digits.length + left.exponent - (right.digits.length + right.exponent);
  if (magnitude !== 0) return magnitude;
  if (left.digits === right.digits) return 0;
  // Aligned at the first digit and free of trailing zeros, so text order is value order.
  return left.digits < right.digits ? -1 : 1;
}

/** 10^exponent mod modulus by squaring: the exponent comes from the caller and may be huge. */
function powerOfTen(exponent: number, modulus: bigint): bigint {
  let result = 1n % modulus;
  let square = 10n % modulus;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
