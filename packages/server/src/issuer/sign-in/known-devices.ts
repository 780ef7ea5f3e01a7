import { createHmac, timingSafeEqual } from 'node:crypto';
import { plainLogin } from '../../access/accounts/index.ts';
import type { IncomingMessage, ServerResponse } from '../../platform/http/index.ts';

export interface KnownDevicesPorts {
  /** Of the key ring. */
  readonly key: Buffer;
  readonly random: (bytes: number) => Uint8Array;
  readonly isSecure: boolean;
}

const NONCE_BYTES = 16;
const YEAR_SECONDS = 31_536_000;

/**
 * A browser by which somebody has signed in before says so with a signed cookie. It opens nothing: it gives them a budget
 * of failures of their own, which no stranger uses up.
 */
export class KnownDevices {
  readonly #ports: KnownDevicesPorts;

  constructor(ports: KnownDevicesPorts) {
    this.#ports = ports;
  }

  /** Whose failures these are: of this device, or of all who are strangers to this name. */
  subjectOf(request: Pick<IncomingMessage, 'headers'>, login: string): string {
    const name = plainLogin(login);
    const [nonce = '', signature = ''] = (this.#cookieOf(request) ?? '').split('.');
    const expected = this.#sign(name, nonce);
    const given = Buffer.from(signature, 'base64url');
    const isKnown = given.length === expected.length && timingSafeEqual(given, expected);
    return JSON.stringify([name, isKnown ? nonce : '']);
  }

  remember(response: ServerResponse, login: string): void {
    const { random, isSecure } = this.#ports;
    const nonce = Buffer.from(random(NONCE_BYTES)).toString('base64url');
    const value = `${nonce}.${this.#sign(plainLogin(login), nonce).toString('base64url')}`;
    const rules = `Path=/; Max-Age=${YEAR_SECONDS}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
    response.appendHeader('set-cookie', `${this.#name}=${value}; ${rules}`);
  }

  #cookieOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
    const start = `${this.#name}=`;
    const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
    return pairs.find((pair) => pair.startsWith(start))?.slice(start.length);
  }

  /** RFC 6265bis §4.1.3.2, as the other cookies. */
  get #name(): string {
    return `${this.#ports.isSecure ? '__Host-' : ''}poorter-known`;
  }

  #sign(name: string, nonce: string): Buffer {
    return createHmac('sha256', this.#ports.key)
      .update(JSON.stringify([name, nonce]))
      .digest();
  }
}
