import { randomUUID } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import { compactVerify, createLocalJWKSet, errors, type JWK } from 'jose';
import type { ServerResponse } from '../../platform/http/index.ts';
import type { Actor } from './exchange/exchange-rules.ts';
import { whenAnswered } from './redemptions.ts';

/** The names of tokens in forms and answers of the library. */
type Payload = Readonly<Record<string, unknown>>;

export interface PresentedTokensPorts {
  readonly issuer: string;
  /** Public halves of the keys that are believed. */
  readonly keys: readonly JWK[];
  readonly now: () => number;
  /** Whether the token, or what it came from, was taken back. */
  readonly isDenied: (claims: PresentedClaims) => Promise<boolean>;
  /** Nobody accepts the token any more when it resolves. */
  readonly deny: (claims: PresentedClaims) => Promise<void>;
}

/** We signed them ourselves: they are what we write. */
export interface PresentedClaims extends Payload {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly client_id: string;
  readonly sub: string;
  readonly grant_id?: string;
  /** Through whose hands it came. RFC 8693 §4.1. */
  readonly act?: Actor;
}

const PREFIX = 'presented.';
/** A call that takes longer has been given up. */
const HELD_MS = 60_000;
/** Of calls that are inside: more than may be. */
const HELD_MAX = 1_000;

interface Held {
  readonly kind: 'AccessToken' | 'ClientCredentials';
  readonly claims: PresentedClaims;
  readonly untilMs: number;
}

/**
 * The library keeps no JWT that it has signed, and refuses to say anything of one. Here a token that is shown to be
 * looked at or taken back is verified, and given to the library as one that it keeps: by a name that holds for this
 * call alone.
 */
export class PresentedTokens {
  readonly #ports: PresentedTokensPorts;
  readonly #resolve: ReturnType<typeof createLocalJWKSet>;
  readonly #held = new Map<string, Held>();

  constructor(ports: PresentedTokensPorts) {
    this.#ports = ports;
    this.#resolve = createLocalJWKSet({ keys: [...ports.keys] });
  }

  /** The same form, with a name in the place of the token; a token that is not ours, or not good, has none. */
  async rename(form: Uint8Array, answer: ServerResponse): Promise<Uint8Array> {
    const fields = new URLSearchParams(Buffer.from(form).toString('utf8'));
    const tokens = fields.getAll('token');
    const [token] = tokens;
    // Twice, or none: the library says what is wrong.
    if (tokens.length !== 1 || token === undefined || token.split('.').length !== 3) return form;
    fields.set('token', (await this.#hold(token, answer)) ?? `${PREFIX}unknown`);
    return Buffer.from(fields.toString());
  }

  /** Null: it is none of ours, has ended, or was taken back. */
  async read(token: string): Promise<PresentedClaims | null> {
    const claims = await this.#claimsOf(token);
    return claims === null || (await this.#ports.isDenied(claims)) ? null : claims;
  }

  isName(id: string): boolean {
    return id.startsWith(PREFIX);
  }

  find(kind: string, id: string): Payload | undefined {
    const held = this.#held.get(id);
    return held?.kind === kind ? payloadOf(held) : undefined;
  }

  /** Takes back one that was presented; `jti`: its own id, as the library knows it by now. */
  async destroy(kind: string, jti: string): Promise<void> {
    for (const held of this.#held.values()) {
      if (held.kind === kind && held.claims.jti === jti) return this.#ports.deny(held.claims);
    }
  }

  async #hold(token: string, answer: ServerResponse): Promise<string | null> {
    const claims = await this.read(token);
    if (claims === null) return null;
    this.#forget();
    if (this.#held.size >= HELD_MAX) throw new Error('too many tokens are looked at at once');
    const id = `${PREFIX}${randomUUID()}`;
    const isOwn = claims.grant_id === undefined && claims.sub === claims.client_id;
    const kind = isOwn ? 'ClientCredentials' : 'AccessToken';
    this.#held.set(id, { kind, claims, untilMs: this.#ports.now() + HELD_MS });
    whenAnswered(answer, () => this.#held.delete(id));
    return id;
  }

  async #claimsOf(token: string): Promise<PresentedClaims | null> {
    const { issuer, now } = this.#ports;
    try {
      const { payload, protectedHeader } = await compactVerify(token, this.#resolve, {
        algorithms: ['ES256', 'EdDSA'],
      });
      const claims = parseJsonText(Buffer.from(payload).toString('utf8')) as PresentedClaims;
      // Other things that are signed with these keys are no access tokens.
      const isOurs = protectedHeader.typ === 'at+jwt' && claims.iss === issuer;
      return isOurs && claims.exp * 1000 > now() ? claims : null;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /** In the order in which they came. */
  #forget(): void {
    const now = this.#ports.now();
    for (const [id, { untilMs }] of this.#held) {
      if (untilMs > now) return;
      this.#held.delete(id);
    }
  }
}

/** Without the grant: taking back one token leaves what else came from it. */
function payloadOf({ kind, claims }: Held): Payload {
  const {
    jti,
    exp,
    iat,
    aud,
    scope,
    client_id: clientId,
    cnf,
    authorization_details: rar,
  } = claims;
  const { sub, acr, auth_time: authTime, grant_id: grantId, act } = claims;
  const { jkt, 'x5t#S256': x5t } = (cnf ?? {}) as Readonly<Record<string, string>>;
  return {
    ...{ kind, jti, exp, iat, aud, scope, clientId, jkt, 'x5t#S256': x5t, rar },
    extra: { sub, acr, auth_time: authTime, grant_id: grantId, act },
  };
}
