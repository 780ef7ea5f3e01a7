import {
  compareDecimals,
  type Decimal,
  decimalOf,
  type ExactNumber,
  isIntegral,
} from '../../json/index.ts';

type NumberCheck = (value: number | ExactNumber) => boolean;

/** The OpenAPI format registry's numbers. Bounds are exact: 9223372036854775808 is no int64. */
export const NUMBER_FORMATS: Readonly<Record<string, NumberCheck>> = {
  int8: integers(-128n, 127n),
  int16: integers(-32768n, 32767n),
  int32: integers(-(2n ** 31n), 2n ** 31n - 1n),
  int64: integers(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: integers(0n, 255n),
  uint16: integers(0n, 65535n),
  uint32: integers(0n, 2n ** 32n - 1n),
  uint64: integers(0n, 2n ** 64n - 1n),
  'double-int': integers(-(2n ** 53n) + 1n, 2n ** 53n - 1n),
  // IEEE 754: past these a value rounds to infinity. Precision is not judged: 0.1 is a float.
  float: (value) => Number.isFinite(Math.fround(asDouble(value))),
  double: (value) => Number.isFinite(asDouble(value)),
};

const asDouble = (value: number | ExactNumber): number =>
  typeof value === 'number' ? value : Number(value.text);

function integers(min: bigint, max: bigint): NumberCheck {
  const [least, most] = [Number(min), Number(max)];
  const isSmall = Number.isSafeInteger(least) && Number.isSafeInteger(most);
  const lower = decimalOf(min)!;
  const upper = decimalOf(max)!;
  const isWithin = (value: Decimal | undefined) =>
    value !== undefined &&
    isIntegral(value) &&
    compareDecimals(value, lower) >= 0 &&
    compareDecimals(value, upper) <= 0;
  return (value) => {
    if (typeof value !== 'number') return isWithin(decimalOf(value));
    if (isSmall || Number.isSafeInteger(value)) {
      return value % 1 === 0 && value >= least && value <= most;
    }
    return isWithin(decimalOf(value));
  };
}
