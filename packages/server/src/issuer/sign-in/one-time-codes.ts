import { Secret, TOTP } from 'otpauth';
import { type CodeKey, USUAL_CODES } from '../../access/accounts/index.ts';

/** What every app has: SHA-1, six digits, thirty seconds. RFC 4226 §4, R6. */
export const CODE_SECRET_BYTES = 20;
/** RFC 6238 §5.2: one step for clocks and fingers. */
const WINDOW = 1;

export interface CodeOffer {
  readonly issuer: string;
  readonly login: string;
  /** Base32, RFC 4648. */
  readonly secret: string;
}

export function secretOf(bytes: Uint8Array): string {
  return new Secret({ buffer: new Uint8Array(bytes).buffer }).base32;
}

/** By which an app on the same device takes it over. */
export function appLink({ issuer, login, secret }: CodeOffer): string {
  return new TOTP({ ...USUAL_CODES, issuer, label: login, secret }).toString();
}

/** As it is kept: what is not said is what every app has. */
export function keyOf(data: Readonly<Record<string, unknown>>): CodeKey {
  return { ...USUAL_CODES, ...(data as unknown as Pick<CodeKey, 'secret'>) };
}

/**
 * The step whose code this is, which only grows: whoever keeps the last one takes no code twice. Null: of none near now. A
 * key that was made here is its secret alone.
 */
export function stepOfCode(key: string | CodeKey, typed: string, nowMs: number): number | null {
  const { secret, ...terms } = typeof key === 'string' ? { secret: key, ...USUAL_CODES } : key;
  const token = typed.replaceAll(/\s/g, '');
  // The library fails over characters of several bytes; what is no code is compared as another, for as long.
  const isCode = /^[0-9]{6,8}$/.test(token) && token.length === terms.digits;
  const totp = new TOTP({ ...terms, secret });
  const delta = totp.validate({
    ...{ token: isCode ? token : '0'.repeat(terms.digits), timestamp: nowMs, window: WINDOW },
  });
  return delta === null || !isCode ? null : totp.counter({ timestamp: nowMs }) + delta;
}
