import { generateKeyPairSync, sign as signBytes } from 'node:crypto';
import type { SecurityRequirement, SecurityScheme } from '@poorter/openapi';
import { HeaderFields } from '@poorter/openapi/checks';
import type { JSONWebKeySet, JWK } from 'jose';
import type { ClientCertificate, RequestFacts } from '../../facts.ts';
import type { Identification, IdentityPorts, KeyRecord, TrustedIssuer } from '../../identity.ts';
import { formatKey, hashKey } from './key-format.ts';
import { compileIdentification } from './security-requirement.ts';

export const NOON = Date.UTC(2026, 5, 1, 12);
export const NOW = NOON / 1000;
export const ISSUER = 'https://login.example';
export const AUDIENCE = 'https://api.example';

export function requestOf(facts: {
  headers?: Record<string, string> | string[];
  query?: string;
  nowMs?: number;
  clientCertificate?: ClientCertificate | null;
  clientAddress?: string;
}): RequestFacts {
  const { headers = {} } = facts;
  return {
    id: '1',
    nowMs: facts.nowMs ?? NOON,
    clientAddress: facts.clientAddress ?? '192.0.2.1',
    method: 'GET',
    path: '/',
    query: facts.query ?? '',
    headers: new HeaderFields(Array.isArray(headers) ? headers : Object.entries(headers).flat()),
    clientCertificate: facts.clientCertificate ?? null,
    hasBody: false,
    isUpgrade: false,
    isTls: true,
  };
}

export const certificate: ClientCertificate = {
  subject: 'CN=app-1,O=Fintech,C=BE',
  subjectAlternativeNames: ['DNS:app.example'],
  thumbprint: 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0',
};

export const key = formatKey(new Uint8Array(32).fill(7));
export const otherKey = formatKey(new Uint8Array(32).fill(9));

export function recordOf(more: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: 'key_1',
    name: 'Shop',
    hash: hashKey(key),
    scopes: ['read'],
    roles: ['partner'],
    expiresAt: null,
    ...more,
  };
}

export interface Signer {
  readonly alg: string;
  readonly jwk: JWK;
  sign(header: object, claims: object | string): string;
}

export function signerOf(
  kid: string | undefined,
  kind: 'ES256' | 'RS256' | 'EdDSA' = 'ES256',
): Signer {
  const pair =
    kind === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  const jwk = {
    ...pair.publicKey.export({ format: 'jwk' }),
    ...(kid === undefined ? {} : { kid }),
  };
  return {
    alg: kind,
    jwk: jwk as JWK,
    sign: (header, claims) => {
      const input = `${encoded(header)}.${encoded(claims)}`;
      const digest = kind === 'EdDSA' ? null : 'sha256';
      const signature = signBytes(digest, Buffer.from(input), {
        key: pair.privateKey,
        dsaEncoding: 'ieee-p1363',
      });
      return `${input}.${signature.toString('base64url')}`;
    },
  };
}

export function encoded(value: object | string): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

export const signer = signerOf('k1');

export function claimsOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'anna',
    client_id: 'app-1',
    scope: 'read write',
    iat: NOW - 10,
    exp: NOW + 300,
    jti: 't1',
    ...more,
  };
}

export function tokenOf(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  by: Signer = signer,
): string {
  return by.sign({ alg: by.alg, kid: by.jwk.kid, ...header }, claimsOf(claims));
}

export const trustedIssuer: TrustedIssuer = {
  issuer: ISSUER,
  audiences: [AUDIENCE],
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
  clockSkewSeconds: 30,
};

/** A host whose keys, issuers and deny set the test may change under way. */
export class World implements IdentityPorts {
  records = [recordOf()];
  trusted: readonly TrustedIssuer[] = [trustedIssuer];
  keySets: Record<string, { jwks: JSONWebKeySet; generation: number } | null> = {
    [ISSUER]: { jwks: { keys: [signer.jwk] }, generation: 1 },
  };
  unknown: string[] = [];
  revoked = new Set<string>();
  lookups = 0;

  findKey = (key: string) => {
    this.lookups += 1;
    return this.records.find(({ hash }) => hash === hashKey(key));
  };
  issuers = () => this.trusted;
  issuerKeys = (issuer: string) => this.keySets[issuer] ?? null;
  unknownKeyId: IdentityPorts['unknownKeyId'] = (issuer: string) => {
    this.unknown.push(issuer);
  };
  isRevoked = ({ credentialId }: { credentialId: string | null }) =>
    credentialId !== null && this.revoked.has(credentialId);
}

export const schemes: Record<string, SecurityScheme> = {
  key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  queryKey: { type: 'apiKey', in: 'query', name: 'api key' },
  cookieKey: { type: 'apiKey', in: 'cookie', name: 'session' },
  basic: { type: 'http', scheme: 'basic' },
  bearer: { type: 'http', scheme: 'bearer' },
  oauth: { type: 'oauth2' },
  oidc: {
    type: 'openIdConnect',
    openIdConnectUrl: 'https://login.example/.well-known/openid-configuration',
  },
  tls: { type: 'mutualTLS' },
};

export function identifyWith(world: World, security: readonly SecurityRequirement[]) {
  const options = { realm: 'bank', resourceMetadataUrl: null };
  return compileIdentification({ security }, schemes, options, world);
}

/** 'anonymous', 'client', or the problem code. */
export function outcomeOf(identification: Identification): string {
  if (identification.kind === 'deny') return identification.code;
  return identification.principal?.client ?? 'anonymous';
}

export function bearer(
  token: string,
  more: { nowMs?: number; clientCertificate?: ClientCertificate } = {},
) {
  return requestOf({ headers: { authorization: `Bearer ${token}` }, ...more });
}
