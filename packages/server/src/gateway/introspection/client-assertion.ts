import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { IntrospectionSnapshot } from '../../messages/runtime-snapshot.ts';
import type { World } from '../../platform/world/index.ts';

const LIFETIME_SECONDS = 60;

/** RFC 7523 §2.2, §3: who asks, for the issuer alone, signed anew each time. */
export async function clientAssertion(
  { issuer, clientId }: IntrospectionSnapshot,
  { key, keyId }: { readonly key: string; readonly keyId: string | null },
  { now, random }: Pick<World, 'now' | 'random'>,
): Promise<string> {
  const privateKey = createPrivateKey(key);
  const seconds = Math.floor(now() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: algorithmOf(privateKey), ...(keyId !== null && { kid: keyId }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIFETIME_SECONDS)
    .setJti(Buffer.from(random(16)).toString('base64url'))
    .sign(privateKey);
}

function algorithmOf({ asymmetricKeyType: type }: KeyObject): string {
  if (type === 'ec') return 'ES256';
  return type === 'ed25519' ? 'EdDSA' : 'PS256';
}
