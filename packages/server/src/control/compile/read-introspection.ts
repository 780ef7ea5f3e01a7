import { createPrivateKey } from 'node:crypto';
import type { Configuration } from '../../configuration/schema.ts';
import type { IntrospectionSnapshot } from '../../messages/between-processes.ts';
import { checkSource } from '../../trusted-issuers/index.ts';
import type { SourceReader } from './source-reader.ts';

type WrittenIssuer = Configuration['trust']['issuers'][number];
type Written = NonNullable<WrittenIssuer['introspection']>;

/** Where issuers are asked about tokens that only they can read, with everything that is wrong reported. */
export function readIntrospections(
  { trust }: Configuration,
  reader: SourceReader,
): IntrospectionSnapshot[] {
  const prefixes = new Map<string, string>();
  return trust.issuers.flatMap(({ issuer, jwks, introspection }, index) => {
    const at = ['trust', 'issuers', index];
    if (introspection === undefined) {
      if (jwks === 'none') refuseUnreadable(at, issuer, reader);
      return [];
    }
    const { tokenPrefix } = introspection;
    const other = prefixes.get(tokenPrefix);
    if (other !== undefined) {
      const which = tokenPrefix === '' ? 'any' : `that begin with ${tokenPrefix}`;
      reader.fault(
        [...at, 'introspection'],
        'introspection',
        `opaque tokens (${which}) would be shown to ${issuer} and to ${other}, and each is one issuer's alone`,
        'set tokenPrefix to what the tokens of each begin with',
      );
    }
    prefixes.set(tokenPrefix, issuer);
    return [readIntrospection(issuer, introspection, [...at, 'introspection'], reader)];
  });
}

function readIntrospection(
  issuer: string,
  written: Written,
  at: readonly PropertyKey[],
  reader: SourceReader,
): IntrospectionSnapshot {
  const { url, clientId, cacheSeconds, timeoutMs, newTokensPerSecond } = written;
  try {
    checkSource({ issuer, jwks: url });
  } catch (error) {
    reader.fault([...at, 'url'], 'introspection', (error as Error).message);
  }
  const proof = readProof(written, at, reader);
  const cacheMs = cacheSeconds * 1_000;
  return { issuer, url, clientId, proof, cacheMs, timeoutMs, newTokensPerSecond };
}

function readProof(
  { clientSecret, clientKey = '', clientKeyId }: Written,
  at: readonly PropertyKey[],
  reader: SourceReader,
): IntrospectionSnapshot['proof'] {
  if (clientSecret === undefined) {
    const place = [...at, 'clientKey'];
    const key = reader.readOrReport(place, clientKey, 'the private key');
    const fault = key === '' ? null : keyFault(key);
    if (fault !== null) reader.fault(place, 'introspection', `${clientKey} ${fault}`);
    return { kind: 'key', key, keyId: clientKeyId ?? null };
  }
  try {
    return { kind: 'secret', secret: reader.secret(clientSecret) };
  } catch (error) {
    reader.fault([...at, 'clientSecret'], 'introspection', (error as Error).message);
    return { kind: 'secret', secret: '' };
  }
}

/** Null: it signs as one of ES256, EdDSA and PS256. */
function keyFault(pem: string): string | null {
  const expected = 'expected was a private key of EC P-256, Ed25519 or RSA of 2048 bits or more';
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPrivateKey(pem);
    const isFit =
      type === 'ed25519' ||
      (type === 'ec' && details?.namedCurve === 'prime256v1') ||
      (type === 'rsa' && (details?.modulusLength ?? 0) >= 2_048);
    return isFit ? null : `holds a key of another kind; ${expected}`;
  } catch {
    return `holds no private key; ${expected}`;
  }
}

function refuseUnreadable(at: readonly PropertyKey[], issuer: string, reader: SourceReader): void {
  reader.fault(
    [...at, 'jwks'],
    'issuer',
    `no token of ${issuer} could be accepted: it has no keys (jwks: none) and is not asked about any`,
    'add introspection with url, clientId and clientSecret; or give the URL of its keys',
  );
}
