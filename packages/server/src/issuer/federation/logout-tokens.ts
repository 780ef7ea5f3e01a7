import { parseJsonText } from '@poorter/openapi/json';
import { compactVerify, errors } from 'jose';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { SingleUseStore } from '../../state/single-use/index.ts';
import type { FederatedProviders } from './federated-providers.ts';
import { failureOf, ProviderFailure } from './provider-failure.ts';

export interface LogoutTokensPorts {
  readonly providers: Pick<FederatedProviders, 'verificationOf'>;
  readonly singleUse: Pick<SingleUseStore, 'claim'>;
  readonly now: () => number;
}

/** Who signed out there; at least one of both. */
export interface SignedOutThere {
  readonly subject: string | null;
  readonly sid: string | null;
}

type Claims = Readonly<Record<string, unknown>>;

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const KIND = 'logout token';
const CLOCK_SKEW_SECONDS = 15;
/** §4: it should live for two minutes at most; what is older is of no now. */
const AGE_MAX_SECONDS = 300;
const TEXT_LENGTH_MAX = 255;

/** OpenID Connect Back-Channel Logout 1.0 §2.6. */
export class LogoutTokens {
  readonly #ports: LogoutTokensPorts;

  constructor(ports: LogoutTokensPorts) {
    this.#ports = ports;
  }

  /** Each token once. Throws ProviderFailure. */
  async take(provider: FederatedProvider, token: string): Promise<SignedOutThere> {
    const { singleUse, now } = this.#ports;
    const claims = await this.#verified(provider, token);
    checkFor(provider, claims, now() / 1000);
    const event = isObject(claims['events']) ? claims['events'][EVENT] : undefined;
    // §2.4: an ID token has a nonce in place of an event; nobody shows one here.
    if (!isObject(event) || 'nonce' in claims) throw wrong('it is no logout token');
    const subject = textOf(claims['sub']);
    const sid = textOf(claims['sid']);
    const name = textOf(claims['jti']);
    if ((subject === null && sid === null) || name === null) {
      throw wrong('jti, or both sub and sid, are missing');
    }
    const until = (Number(claims['exp']) + CLOCK_SKEW_SECONDS) * 1000;
    const isFirst = await singleUse.claim(KIND, JSON.stringify([provider.issuer, name]), until);
    if (!isFirst) throw wrong('it was sent before');
    return { subject, sid };
  }

  async #verified(provider: FederatedProvider, token: string): Promise<Claims> {
    try {
      return await this.#verify(provider, token, false).catch((error: unknown) => {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        return this.#verify(provider, token, true);
      });
    } catch (error) {
      throw error instanceof errors.JOSEError ? wrong(error.message) : failureOf(error);
    }
  }

  async #verify(provider: FederatedProvider, token: string, isAgain: boolean): Promise<Claims> {
    const { keys, algorithms } = await this.#ports.providers.verificationOf(provider, isAgain);
    const { payload, protectedHeader } = await compactVerify(token, keys, { algorithms });
    const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
    if (type !== undefined && type !== 'logout+jwt' && type !== 'jwt') {
      throw wrong('typ is that of another kind of token');
    }
    const claims = parsed(Buffer.from(payload).toString('utf8'));
    if (!isObject(claims)) throw wrong('it holds no object');
    return claims;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    throw wrong('it holds no JSON');
  }
}

/** Asks for the allowed side of each, so that what is no number refuses. */
function checkFor({ issuer, clientId }: FederatedProvider, claims: Claims, now: number): void {
  const { iss, aud, iat, exp } = claims as Readonly<Record<'iss' | 'aud' | 'iat' | 'exp', unknown>>;
  if (iss !== issuer) throw wrong('iss is another');
  if (![aud].flat().includes(clientId)) throw wrong('aud is another');
  const isNow = (from: unknown, to: unknown) =>
    typeof from === 'number' && typeof to === 'number' && from <= to + CLOCK_SKEW_SECONDS;
  if (!isNow(iat, now) || !isNow(now - AGE_MAX_SECONDS, iat)) throw wrong('iat is not of now');
  if (!isNow(now, exp)) throw wrong('exp is over, or missing');
}

function wrong(reason: string): ProviderFailure {
  return new ProviderFailure('provider_answer_wrong', reason);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX
    ? value
    : null;
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
