import { carriesExactly, ExactNumber, isNumberTooLong } from '../../json/index.ts';

const DECIMAL = /^([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]+))?$/;
/** What YAML 1.2 and, with a sign or underscores, 1.1 know besides. */
const POWERS_OF_TWO = /^([-+]?)(0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|0[0-7]+)$/;

/**
 * The value that a plain scalar of YAML spells, where the parser's double is not it. `unclear`: a
 * spelling of a large number that is not understood here.
 */
export function exactYamlNumber(
  double: number,
  source: string | undefined,
): number | ExactNumber | 'too-long' | 'unclear' {
  if (source === undefined || /[nN]/.test(source)) return double;
  const text = source.replaceAll('_', '');
  const whole = wholeNumber(text);
  // YAML 1.1 reads 010 as eight, 1.2 as ten: the parser knows which it is.
  if (whole !== undefined && Number(whole) === double) return exact(String(whole), double);
  const decimal = asJson(text);
  if (decimal !== undefined && Number(decimal) === double) return exact(decimal, double);
  return Math.abs(double) <= Number.MAX_SAFE_INTEGER ? double : 'unclear';
}

function exact(text: string, double: number): number | ExactNumber | 'too-long' {
  if (carriesExactly(text)) return double;
  return isNumberTooLong(text) ? 'too-long' : new ExactNumber(text);
}

function wholeNumber(text: string): bigint | undefined {
  const [, sign, digits] = POWERS_OF_TWO.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const size = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -size : size;
}

/** `+07`, `.5` and `5.` as JSON would have them. */
function asJson(text: string): string | undefined {
  const [, sign, whole = '', fraction = '', exponent] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = whole.replace(/^0+(?=.)/, '') || '0';
  const tail = `${fraction === '' ? '' : `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`;
  return `${sign === '-' ? '-' : ''}${digits}${tail}`;
}
