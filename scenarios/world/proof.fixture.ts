import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A caller with a key of its own, to which tokens are bound (RFC 9449). */
export interface KeyHolder {
  /** For `cnf` of a token. */
  readonly thumbprint: string;
  /** Header fields that show a token, with a proof for this call alone. */
  show(token: string, url: string, method?: string): Promise<Record<string, string>>;
}

/** One who shows its key to the authorization server, too. */
export interface Prover extends KeyHolder {
  /** A proof for a call without a token. */
  prove(url: string, method: string, claims?: object): Promise<string>;
}

const now = () => Math.floor(Date.now() / 1000);

export async function makeKeyHolder(): Promise<KeyHolder> {
  return makeProver();
}

export async function makeProver(): Promise<Prover> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const prove: Prover['prove'] = (url, method, claims = {}) =>
    new SignJWT({ htm: method, htu: url, jti: randomUUID(), iat: now(), ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .sign(privateKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove,
    show: async (token, url, method = 'GET') => {
      const ath = createHash('sha256').update(token).digest('base64url');
      return { authorization: `DPoP ${token}`, dpop: await prove(url, method, { ath }) };
    },
  };
}
