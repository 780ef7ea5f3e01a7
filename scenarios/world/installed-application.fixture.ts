import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { call } from './calls.fixture.ts';
import type { RunningIssuer } from './own-issuer.fixture.ts';
import { goThrough, type Person } from './person.fixture.ts';
import { SoftBrowser } from './soft-browser.fixture.ts';
import type { SoftPasskey } from './soft-passkey.fixture.ts';

export const CLAIMED = 'https://app.bank.test/back';

export type Fields = Readonly<Record<string, string | undefined>>;

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: {
    readonly error?: string;
    /** Of our own gate. */
    readonly code?: string;
    readonly error_description?: string;
    readonly auth_session?: string;
    readonly authorization_code?: string;
    readonly factors?: readonly string[];
    readonly passkey?: { readonly challenge: string };
    readonly refused?: string;
    readonly request_uri?: string;
    readonly expires_in?: number;
    readonly access_token?: string;
    readonly id_token?: string;
    readonly refresh_token?: string;
    readonly token_type?: string;
    readonly scope?: string;
  };
}

export interface ProofLie {
  readonly claims?: object;
  /** Shown instead; null: none. */
  readonly proof?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

interface DeviceKey {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

/** Of the provider's own, on the devices of people: its clients can keep no secret. */
export async function makeInstalled(
  { run }: RunningIssuer,
  ...more: readonly string[]
): Promise<string> {
  const scopes = more.includes('--scopes') ? [] : ['--scopes', 'accounts.read'];
  const flows = more.includes('--flows') ? [] : ['--flows', 'redirect,embedded'];
  const made = ['clients', 'create', '--name', 'Bank app', '--profile', 'native'];
  return run(...made, '--binding', 'dpop', '--redirect-uri', CLAIMED, ...flows, ...scopes, ...more);
}

/** One installation of it, with a key that never leaves the device; it speaks to us by itself, with no library of ours. */
export class Installation {
  readonly client: string;
  readonly #issuer: RunningIssuer;
  readonly #key: DeviceKey;
  #nonce: string | undefined;
  readonly thumbprint: string;
  readonly verifier = randomBytes(32).toString('base64url');

  private constructor(issuer: RunningIssuer, client: string, key: DeviceKey) {
    this.thumbprint = key.thumbprint;
    this.#issuer = issuer;
    this.client = client;
    this.#key = key;
  }

  static async of(issuer: RunningIssuer, client: string): Promise<Installation> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const thumbprint = await calculateJwkThumbprint(jwk);
    return new Installation(issuer, client, { privateKey, jwk, thumbprint });
  }

  get request(): Record<string, string> {
    return {
      ...{ client_id: this.client, response_type: 'code', scope: 'openid accounts.read' },
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      ...{ code_challenge_method: 'S256', redirect_uri: CLAIMED },
    };
  }

  /** The first call. */
  begin(more: Fields = {}, lie: ProofLie = {}): Promise<Told> {
    return this.challenge({ ...this.request, ...more }, lie);
  }

  /** A later one. */
  goOn({ body }: Told, more: Fields, lie: ProofLie = {}): Promise<Told> {
    return this.challenge(
      { client_id: this.client, auth_session: body.auth_session, ...more },
      lie,
    );
  }

  challenge(fields: Fields, lie: ProofLie = {}): Promise<Told> {
    return this.post('/authorize-challenge', fields, lie);
  }

  /** With a passkey, from the first call to the code. */
  async signIn(passkey: SoftPasskey, more: Fields = {}): Promise<Told> {
    const asked = await this.begin(more);
    return this.goOn(asked, { passkey: shown(passkey, asked) });
  }

  redeem(code: string | undefined, more: Fields = {}, lie: ProofLie = {}): Promise<Told> {
    return this.post(
      '/token',
      {
        ...{ grant_type: 'authorization_code', client_id: this.client, code },
        ...{ code_verifier: this.verifier, ...more },
      },
      lie,
    );
  }

  async proof(path: string, claims: object = {}): Promise<string> {
    const htu = `${this.#issuer.origin}${path}`;
    const iat = Math.floor(Date.now() / 1000);
    const nonce = this.#nonce !== undefined && { nonce: this.#nonce };
    return new SignJWT({ htm: 'POST', htu, jti: randomUUID(), iat, ...nonce, ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.#key.jwk })
      .sign(this.#key.privateKey);
  }

  /** As a library would: once more where a nonce is asked for. */
  async post(path: string, fields: Fields, lie: ProofLie = {}): Promise<Told> {
    const told = await this.once(path, fields, lie);
    return told.body.error === 'use_dpop_nonce' ? this.once(path, fields, lie) : told;
  }

  once(path: string, fields: Fields, lie: ProofLie = {}): Promise<Told> {
    return this.#send(path, String(new URLSearchParams(sent(fields))), lie);
  }

  /** A form as it stands. */
  async raw(form: string): Promise<Told> {
    const told = await this.#send('/authorize-challenge', form);
    return told.body.error === 'use_dpop_nonce' ? this.#send('/authorize-challenge', form) : told;
  }

  forgetNonce(): void {
    this.#nonce = undefined;
  }

  async #send(path: string, body: string, lie: ProofLie = {}): Promise<Told> {
    const { claims, headers } = lie;
    const proof = lie.proof === undefined ? await this.proof(path, claims) : lie.proof;
    const answer = await call(`${this.#issuer.origin}${path}`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'BankApp/7' },
        ...(proof !== null && { dpop: proof }),
        ...headers,
      },
      body,
    });
    const { status, text } = answer;
    this.#nonce = String(answer.headers['dpop-nonce'] ?? this.#nonce ?? '') || undefined;
    return { status, text, headers: answer.headers, body: JSON.parse(text) as Told['body'] };
  }
}

/** Somebody is led to our page, signs in, says yes, and the application comes for the tokens. */
export async function allowOnPage(
  { origin }: RunningIssuer,
  installation: Installation,
  told: Told,
  person: Pick<Person, 'passkey'>,
): Promise<Told> {
  assert.deepEqual([told.status, told.body.error], [403, 'redirect_to_web'], told.text);
  const url = new URL('/auth', origin);
  url.searchParams.set('client_id', installation.client);
  url.searchParams.set('request_uri', told.body.request_uri ?? '');
  const back = new URL(await goThrough(new SoftBrowser(origin), url, person));
  assert.equal(`${back.origin}${back.pathname}`, CLAIMED, back.href);
  const code = back.searchParams.get('code') ?? '';
  return installation.redeem(code, { redirect_uri: CLAIMED });
}

/** What a passkey shows to what an answer asks of it. */
export function shown(
  passkey: SoftPasskey,
  { body }: Pick<Told, 'body'>,
  lie: Parameters<SoftPasskey['get']>[1] = {},
): string {
  return JSON.stringify(passkey.get(body.passkey as { challenge: string }, lie));
}

function sent(fields: Fields): [string, string][] {
  return Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

/** An installation of somebody who has signed in by it before, and has allowed it what it asks for. */
export async function makeOwnPhone(
  issuer: RunningIssuer,
  client: string,
  person: Pick<Person, 'passkey'>,
): Promise<Installation> {
  const phone = await Installation.of(issuer, client);
  const web = await allowOnPage(issuer, phone, await phone.signIn(person.passkey), person);
  assert.equal(web.status, 200, web.text);
  return phone;
}
