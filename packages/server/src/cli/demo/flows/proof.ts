import { randomUUID } from 'node:crypto';
import { importJWK, type JWK, SignJWT } from 'jose';

/** Of a key, for one call (RFC 9449 §4.2). */
export async function proof(key: JWK, claims: Record<string, string>): Promise<string> {
  const { kty = '', crv = '', x = '', y = '' } = key;
  const jwk = { kty, crv, x, y };
  return new SignJWT({ jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(await importJWK(key, 'ES256'));
}
