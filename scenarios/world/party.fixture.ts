import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { call } from './calls.fixture.ts';
import type { RunningIssuer } from './own-issuer.fixture.ts';

/** A client that signs, and speaks the protocol by no library: what it says can be wrong in one place at a time. */
export interface Party {
  readonly id: string;
  readonly algorithm: string;
  /** A JWT by its key, of now and for five minutes, with these claims in place of the usual ones; undefined: left away. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  /** By which it shows that it is itself. */
  assertion(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Asks an endpoint, with an assertion beside these fields unless they have one. */
  ask(path: string, fields: Fields, headers?: Readonly<Record<string, string>>): Promise<Told>;
}

export type Fields = Readonly<Record<string, string | undefined>>;

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const LIFE_SECONDS = 300;

export const nowSeconds = () => Math.floor(Date.now() / 1000);

let number = 0;

/** `more`: options of `poorter clients create`, the profile among them. */
export async function makeSigningParty(
  issuer: RunningIssuer,
  algorithm: string,
  ...more: readonly string[]
): Promise<Party> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'k1' };
  number += 1;
  issuer.poorter.write(`party-${number}.jwk`, JSON.stringify(jwk));
  const keys = ['--jwks', `${issuer.poorter.folder}/party-${number}.jwk`];
  const made = ['clients', 'create', '--name', 'Account information', ...keys];
  const id = await issuer.run(...made, ...more);
  const sign: Party['sign'] = (claims, header = {}) =>
    new SignJWT({
      ...{ iss: id, aud: issuer.origin, jti: crypto.randomUUID(), iat: nowSeconds() },
      ...{ nbf: nowSeconds(), exp: nowSeconds() + LIFE_SECONDS },
      ...(claims as JWTPayload),
    })
      .setProtectedHeader({ alg: algorithm, kid: 'k1', ...header })
      .sign(privateKey);
  const assertion: Party['assertion'] = (claims = {}) =>
    sign({ sub: id, nbf: undefined, exp: nowSeconds() + 60, ...claims });
  return {
    ...{ id, algorithm, sign, assertion },
    ask: async (path, fields, headers) =>
      postForm(
        `${issuer.origin}${path}`,
        {
          client_id: id,
          client_assertion_type: ASSERTION_TYPE,
          client_assertion: await assertion(),
          ...fields,
        },
        headers,
      ),
  };
}

export async function postForm(
  url: string,
  fields: Fields | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const sent =
    typeof fields === 'string'
      ? fields
      : String(
          new URLSearchParams(
            Object.entries(fields).filter(
              (pair): pair is [string, string] => pair[1] !== undefined,
            ),
          ),
        );
  const answer = await call(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: sent,
  });
  const isJson = String(answer.headers['content-type']).includes('json');
  return {
    ...{ status: answer.status, headers: answer.headers },
    body: isJson ? (JSON.parse(answer.text) as Record<string, unknown>) : {},
  };
}
