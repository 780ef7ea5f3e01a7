import { constants, KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';

/**
 * Algorithms (RFC 7518 §3.1, RFC 8037) whose verification takes some 20 to 70 µs: less than it costs to have
 * it done elsewhere and to hear of it. The larger curves take a thousand, and stay with those who do not wait.
 */
const QUICK: Readonly<Record<string, Omit<Quick, 'key'>>> = {
  RS256: { hash: 'sha256', family: 'rsa' },
  RS384: { hash: 'sha384', family: 'rsa' },
  RS512: { hash: 'sha512', family: 'rsa' },
  PS256: { hash: 'sha256', family: 'pss' },
  PS384: { hash: 'sha384', family: 'pss' },
  PS512: { hash: 'sha512', family: 'pss' },
  ES256: { hash: 'sha256', family: 'ec' },
  EdDSA: { hash: null, family: 'edwards' },
  Ed25519: { hash: null, family: 'edwards' },
};

interface Quick {
  readonly hash: string | null;
  readonly family: 'rsa' | 'pss' | 'ec' | 'edwards';
}

/** Whether a token's signature is that of one key by one algorithm. */
export type SignatureCheck = (token: string) => boolean;

/** RFC 7518 §3.3, §3.5. */
const RSA_BITS_MIN = 2_048;

export function isQuick(algorithm: string): boolean {
  return Object.hasOwn(QUICK, algorithm);
}

/** null: the algorithm is not quick, or the key is not one for it; the library judges both. */
export function quickCheck(algorithm: string, imported: unknown): SignatureCheck | null {
  const quick = isQuick(algorithm) ? QUICK[algorithm] : undefined;
  if (quick === undefined || !(imported instanceof CryptoKey)) return null;
  if (imported.type !== 'public' || !imported.usages.includes('verify')) return null;
  const key = KeyObject.from(imported);
  if (!isFor(key, imported, quick)) return null;
  const input = inputFor(key, quick);
  return (token) => {
    const end = token.lastIndexOf('.');
    // Only the canonical spelling has come here.
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    return verify(quick.hash, Buffer.from(token.slice(0, end), 'latin1'), input, signature);
  };
}

/** The key was imported for this very algorithm, hash included. */
function isFor(key: KeyObject, { algorithm }: CryptoKey, { hash, family }: Quick): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  const importedHash = (algorithm as { hash?: { name: string } }).hash?.name;
  const isSameHash = importedHash?.replace('-', '').toLowerCase() === hash;
  switch (family) {
    case 'rsa':
    case 'pss': {
      const name = family === 'rsa' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS';
      const bits = details.modulusLength ?? 0;
      return type === 'rsa' && algorithm.name === name && isSameHash && bits >= RSA_BITS_MIN;
    }
    case 'ec':
      return type === 'ec' && algorithm.name === 'ECDSA' && details.namedCurve === 'prime256v1';
    case 'edwards':
      return type === 'ed25519' && algorithm.name === 'Ed25519';
    default:
      return family satisfies never;
  }
}

function inputFor(key: KeyObject, { family }: Quick): VerifyKeyObjectInput {
  switch (family) {
    case 'rsa':
      return { key, padding: constants.RSA_PKCS1_PADDING };
    case 'pss':
      return {
        ...{ key, padding: constants.RSA_PKCS1_PSS_PADDING },
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
    case 'ec':
      // RFC 7518 §3.4: R and S side by side.
      return { key, dsaEncoding: 'ieee-p1363' };
    case 'edwards':
      return { key };
    default:
      return family satisfies never;
  }
}
