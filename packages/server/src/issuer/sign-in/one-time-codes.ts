import { Secret, TOTP } from 'otpauth';

/** RFC 6238, with what every app has: SHA-1, six digits, thirty seconds. */
const PERIOD_SECONDS = 30;
const TERMS = { algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS } as const;
/** RFC 4226 §4, R6. */
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
  return new TOTP({ ...TERMS, issuer, label: login, secret }).toString();
}

/** The step whose code this is, which only grows: whoever keeps the last one takes no code twice. Null: of none near now. */
export function stepOfCode(secret: string, typed: string, nowMs: number): number | null {
  const token = typed.replaceAll(/\s/g, '');
  // The library fails over characters of several bytes; what is no code is compared as another, for as long.
  const isCode = /^[0-9]{6}$/.test(token);
  const totp = new TOTP({ ...TERMS, secret });
  const delta = totp.validate({
    ...{ token: isCode ? token : '000000', timestamp: nowMs, window: WINDOW },
  });
  return delta === null || !isCode ? null : totp.counter({ timestamp: nowMs }) + delta;
}
