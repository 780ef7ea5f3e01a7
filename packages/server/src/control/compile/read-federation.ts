import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { ProviderConfiguration } from '../../configuration/federation-schema.ts';
import { profileOf, providerTerms } from '../../configuration/provider-terms.ts';
import type { IssuerConfiguration } from '../../configuration/schema.ts';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import type { SourceReader } from './source-reader.ts';

const RSA_BITS_MIN = 2048;

/** Where people sign in besides here. What is wrong is told at its place. */
export function readFederation(
  {
    federation,
    origin,
    directories,
  }: Pick<IssuerConfiguration, 'federation' | 'origin' | 'directories'>,
  reader: SourceReader,
): FederatedProvider[] {
  const known = new Set<string>([origin]);
  return federation.flatMap((written, index) => {
    const at = ['issuer', 'federation', index];
    const profile = profileOf(written);
    const { tenant } = written;
    const { issuer, names, ...terms } = providerTerms(written);
    if (tenant !== undefined && (profile.issuerOf === undefined || written.issuer !== undefined)) {
      const message = `${written.id} has a tenant, which stands in place of an issuer in the profile entra alone`;
      reader.fault([...at, 'tenant'], 'federation', message);
      return [];
    }
    if (issuer === undefined || names === undefined) {
      const wanted = profile.issuerOf === undefined ? 'issuer' : 'tenant';
      const lacking = issuer === undefined ? wanted : 'names';
      reader.fault(at, 'federation', `${written.id} has no ${lacking}`, `set ${lacking}`);
      return [];
    }
    // RFC 9207 §4: answers of two that call themselves the same cannot be told apart.
    for (const [what, name] of [
      ['issuer', issuer],
      ['id', written.id],
    ] as const) {
      if (known.has(name)) {
        const message = `${what} ${name} is that of another provider, or of this server`;
        reader.fault([...at, what], 'federation', message);
        return [];
      }
      known.add(name);
    }
    const authentication = readProof(at, written, reader);
    if (authentication === null) return [];
    const { id, clientId, directory = null, roles = null } = written;
    if (directory !== null && !directories.some(({ name }) => name === directory.name)) {
      const message = `${directory.name} stands not among issuer.directories`;
      reader.fault([...at, 'directory', 'name'], 'federation', message);
      return [];
    }
    return [{ id, clientId, issuer, names, ...terms, authentication, directory, roles }];
  });
}

/** Null: it was said why. */
function readProof(
  at: readonly PropertyKey[],
  { clientSecret, clientKeys = [] }: ProviderConfiguration,
  reader: SourceReader,
): FederatedProvider['authentication'] | null {
  if (clientSecret !== undefined) {
    try {
      return { kind: 'secret', secret: reader.secret(clientSecret) };
    } catch (error) {
      const message = `reading its secret: ${(error as Error).message}`;
      reader.fault([...at, 'clientSecret'], 'federation', message);
      return null;
    }
  }
  const keys = clientKeys.flatMap((file, number) => {
    const place = [...at, 'clientKeys', number];
    const errorsBefore = reader.errors.length;
    const pem = reader.readOrReport(place, file, 'the private key');
    if (reader.errors.length > errorsBefore) return [];
    try {
      return [signingKeyOf(pem)];
    } catch {
      const message = `${file} is no private key that can sign: EC (P-256, P-384), Ed25519, or RSA of ${RSA_BITS_MIN} bits or more`;
      reader.fault(place, 'federation', message);
      return [];
    }
  });
  return keys.length === clientKeys.length ? { kind: 'keys', keys } : null;
}

/** Named by what it is: the same key has the same name wherever it is read. */
function signingKeyOf(pem: string) {
  const key = createPrivateKey(pem);
  const jwk = key.export({ format: 'jwk' });
  const alg = algorithmOf(jwk);
  const isShort = (key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN) < RSA_BITS_MIN;
  if (alg === undefined || isShort) throw new Error('not a key that can sign');
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const kid = createHash('sha256').update(spki).digest('base64url');
  return { ...jwk, kid, alg, use: 'sig' };
}

function algorithmOf({ kty, crv }: { readonly kty?: string; readonly crv?: string }) {
  const curves: Readonly<Record<string, string>> = {
    ...{ 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' },
  };
  return kty === 'RSA' ? 'RS256' : curves[crv ?? ''];
}
