import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Certificate } from './certificates.fixture.ts';
import type { Lifetime } from './poorter.fixture.ts';
import { type SeenCall, startService } from './service.fixture.ts';

type Members = Record<string, unknown>;

/** What a provider says, before it is bent. */
interface Code {
  readonly asked: URLSearchParams;
  readonly claims: Members;
  isUsed: boolean;
}

/** Bends what an honest provider would say. */
export interface Bent {
  document?: (document: Members) => Members;
  claims?: (claims: Members) => Members;
  header?: Members;
  /** In place of the signed ID token. */
  idToken?: (honest: string) => string;
  userInfo?: (claims: Members) => Members;
  /** Answers by itself where it returns true. */
  answer?: (response: ServerResponse, call: SeenCall) => boolean;
}

/** A whole OpenID provider over HTTP, of which each answer can be bent. It asks nobody: a test says who signs in. */
export class ForeignProvider {
  readonly clientId: string;
  readonly clientSecret = 'a secret of both';
  bent: Bent = {};
  readonly seen: SeenCall[];
  readonly url: string;
  readonly #codes = new Map<string, Code>();
  readonly #tokens = new Map<string, Members>();
  readonly #privateKey: CryptoKey;
  readonly #jwk: JWK;

  constructor(url: string, seen: SeenCall[], clientId: string, key: CryptoKey, jwk: JWK) {
    this.url = url;
    this.seen = seen;
    this.clientId = clientId;
    this.#privateKey = key;
    this.#jwk = jwk;
  }

  /** Somebody signs in there: where the browser is sent back. */
  authorize(address: URL, claims: Members, more: Record<string, string> = {}): URL {
    const asked = address.searchParams;
    const code = randomBytes(16).toString('hex');
    this.#codes.set(code, { asked, claims, isUsed: false });
    const back = new URL(asked.get('redirect_uri') ?? '');
    const answer = { code, state: asked.get('state') ?? '', iss: this.url, ...more };
    for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
    return back;
  }

  sign(claims: Members, header: Members = {}): Promise<string> {
    const token = new SignJWT(claims);
    token.setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header } as never);
    return token.sign(this.#privateKey, { crit: { x: true } });
  }

  logoutToken(claims: Members = {}, header: Members = { typ: 'logout+jwt' }): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const all = {
      ...{ iss: this.url, aud: this.clientId, iat: now, exp: now + 120, events },
      ...{ jti: randomBytes(8).toString('hex'), ...claims },
    };
    const told = Object.entries(all).filter(([, value]) => value !== undefined);
    return this.sign(Object.fromEntries(told), header);
  }

  async answer(response: ServerResponse, call: SeenCall): Promise<void> {
    if (this.bent.answer?.(response, call) === true) return;
    const path = call.target.split('?')[0];
    if (path === '/.well-known/openid-configuration') return send(response, 200, this.#document());
    if (path === '/jwks') return send(response, 200, { keys: [this.#jwk] });
    if (path === '/token') return this.#redeem(response, call);
    if (path === '/me') return this.#userInfo(response, call);
    send(response, 404, {});
  }

  #document(): Members {
    const at = (path: string) => `${this.url}${path}`;
    const document = {
      ...{ issuer: this.url, authorization_endpoint: at('/auth'), token_endpoint: at('/token') },
      ...{ jwks_uri: at('/jwks'), userinfo_endpoint: at('/me') },
      ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
    };
    return this.bent.document?.(document) ?? document;
  }

  async #redeem(response: ServerResponse, call: SeenCall): Promise<void> {
    const form = new URLSearchParams(call.body);
    const code = this.#codes.get(form.get('code') ?? '');
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '');
    const isRight =
      code !== undefined &&
      !code.isUsed &&
      code.asked.get('code_challenge') === challenge.digest('base64url') &&
      code.asked.get('redirect_uri') === form.get('redirect_uri');
    if (!isRight) return send(response, 400, { error: 'invalid_grant' });
    code.isUsed = true;
    const now = Math.floor(Date.now() / 1000);
    const token = randomBytes(16).toString('hex');
    const digest = createHash('sha256').update(token).digest();
    const honest = {
      ...{ iss: this.url, aud: this.clientId, iat: now, exp: now + 300, auth_time: now },
      ...{ nonce: code.asked.get('nonce'), at_hash: digest.subarray(0, 16).toString('base64url') },
      ...code.claims,
    };
    this.#tokens.set(token, code.claims);
    const claims = Object.entries(this.bent.claims?.(honest) ?? honest);
    const told = Object.fromEntries(claims.filter(([, value]) => value !== undefined));
    const idToken = await this.sign(told, this.bent.header);
    send(response, 200, {
      ...{ access_token: token, token_type: 'Bearer', expires_in: 300 },
      id_token: this.bent.idToken?.(idToken) ?? idToken,
    });
  }

  #userInfo(response: ServerResponse, call: SeenCall): void {
    const [, token = ''] = /^Bearer (.+)$/.exec(call.headers.authorization ?? '') ?? [];
    const claims = this.#tokens.get(token);
    if (claims === undefined) return send(response, 401, {});
    send(response, 200, this.bent.userInfo?.(claims) ?? claims);
  }
}

function send(response: ServerResponse, status: number, body: Members): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export async function startForeignProvider(
  t: Lifetime,
  clientId = 'poorter-there',
  tls?: Certificate,
): Promise<ForeignProvider> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const service = await startService(t, (response, call) => provider.answer(response, call), {
    ...(tls !== undefined && { tls: { cert: tls.certificate, key: tls.key } }),
  });
  const provider = new ForeignProvider(service.url, service.seen, clientId, pair.privateKey, jwk);
  return provider;
}
