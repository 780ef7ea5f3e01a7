import type { SecurityScheme } from '@poorter/openapi';
import type { RequestFacts } from '../../facts.ts';
import {
  ABSENT,
  type Authenticate,
  type Authentication,
  type IdentifiedPrincipal,
  type IdentityPorts,
  type KeyRecord,
  rejected,
} from '../../identity.ts';
import { type Presented, readCookie, readHeader, readQuery } from './credential-places.ts';
import { isWellFormedKey } from './key-format.ts';

type ApiKeyScheme = Extract<SecurityScheme, { type: 'apiKey' }>;

/** Recognises the API key in the place that the description names. */
export function compileApiKey(scheme: ApiKeyScheme, ports: IdentityPorts): Authenticate {
  const read = readerOf(scheme);
  return (request) => {
    const presented = read(request);
    if (presented.kind === 'absent') return ABSENT;
    if (presented.kind === 'unreadable') return rejected(presented.reason);
    return authenticateKey(presented.value, request, ports);
  };
}

/** Shared by the schemes that carry a key: `isNamed` adds a condition on the record found. */
export function authenticateKey(
  key: string,
  request: RequestFacts,
  ports: IdentityPorts,
  isNamed: (record: KeyRecord) => boolean = () => true,
): Authentication {
  if (!isWellFormedKey(key)) return rejected('malformed-key');
  // No constant-time comparison: what is looked up is the hash of 256 secret bits, and a caller
  // who learns how far two hashes agree learns nothing that brings the secret nearer.
  const record = ports.findKey(key);
  if (record === undefined) return rejected('unknown-key');
  if (!isNamed(record)) return rejected('name-mismatch', 'credentials_invalid', { key: record.id });
  const { expiresAt } = record;
  // Ask for the living side, so that a NaN refuses.
  const isAlive = expiresAt === null || request.nowMs < expiresAt * 1000;
  if (!isAlive) return rejected('expired', 'credentials_expired', { key: record.id });
  const { networks } = record;
  if (networks !== undefined && networks.length > 0) {
    // Answered like a wrong key: whoever stole it does not learn that it is a right one.
    const isAtHome = ports.mayUseFrom?.(networks, request.clientAddress) ?? false;
    if (!isAtHome) return rejected('network', 'credentials_invalid', { key: record.id });
  }
  const principal = principalOf(record);
  if (ports.isRevoked?.(principal)) {
    return rejected('revoked', 'credentials_invalid', { key: record.id });
  }
  return { kind: 'accepted', principal };
}

function readerOf(scheme: ApiKeyScheme): (request: RequestFacts) => Presented {
  const { name } = scheme;
  if (scheme.in === 'query') return (request) => readQuery(request.query, name);
  if (scheme.in === 'cookie') return (request) => readCookie(request.headers, name);
  const lowerCaseName = name.toLowerCase();
  return (request) => readHeader(request.headers, lowerCaseName);
}

// Records are immutable, so the principal of one is made once.
const principals = new WeakMap<KeyRecord, IdentifiedPrincipal>();

function principalOf(record: KeyRecord): IdentifiedPrincipal {
  const known = principals.get(record);
  if (known !== undefined) return known;
  const principal: IdentifiedPrincipal = Object.freeze({
    kind: 'key',
    client: record.client ?? record.id,
    clientNames: [...new Set([record.client ?? record.id, record.id, record.name])],
    subject: null,
    issuer: null,
    scopes: record.scopes,
    roles: record.roles,
    credentialId: record.id,
    expiresAt: record.expiresAt,
  });
  principals.set(record, principal);
  return principal;
}
