import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A caller with a key of its own, to which tokens are bound (RFC 9449). */
export interface KeyHolder {
  /** For `cnf` of a token. */
  readonly thumbprint: string;
  /** Header fields that show a token, with a proof for this call alone. */
  show(token: string, url: string, method?: string): Promise<Record<string, string>>;
}

export async function makeKeyHolder(): Promise<KeyHolder> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    show: async (token, url, method = 'GET') => {
      const ath = createHash('sha256').update(token).digest('base64url');
      const proof = await new SignJWT({ htm: method, htu: url, ath, jti: randomUUID() })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setIssuedAt()
        .sign(privateKey);
      return { authorization: `DPoP ${token}`, dpop: proof };
    },
  };
}
