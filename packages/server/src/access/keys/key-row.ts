import type { LimitsConfig } from '@poorter/engine';
import { parseJsonText } from '@poorter/openapi/json';
import type { KeyRing } from '../../platform/secrets/index.ts';
import type { ChangeTables } from '../../state/changes/index.ts';

export interface KeyTables extends ChangeTables {
  api_key_use: { key_id: string; operation: string; last_at: number };
  key_use_cursor: { node: string; leaf: number };
  api_key: {
    id: string;
    client: string;
    prefix: string;
    hash: string;
    name_sealed: string;
    owner_sealed: string | null;
    owner_index: string | null;
    /** JSON, as are roles and limits, and networks under their seal. */
    scopes: string;
    roles: string;
    limits: string | null;
    /** An address may be somebody's home. */
    networks_sealed: string;
    created_by: string | null;
    created_at: number;
    expires_at: number | null;
    rotated_from: string | null;
    rotated_to: string | null;
    overlap_until: number | null;
    revoked_at: number | null;
    revoked_reason_sealed: string | null;
    last_used_at: number | null;
    last_used_operation: string | null;
    version: number;
  };
}

/** What an operator decides about a key. */
export interface KeyTerms {
  readonly name: string;
  /** The person or company that holds it. */
  readonly owner: string | null;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Null: those of the operation. */
  readonly limits: LimitsConfig | null;
  /** Networks in CIDR form from which it may be used; empty: all. */
  readonly networks: readonly string[];
  /** Milliseconds since the epoch, as are all times; null: until revoked. */
  readonly expiresAt: number | null;
}

/** A key as it is kept: everything but the key. */
export interface StoredKey extends KeyTerms {
  /** Random and public. */
  readonly id: string;
  /** The application that holds it: the id of its first key, over all rotations. */
  readonly client: string;
  /** The start of the key, by which its holder knows it. */
  readonly prefix: string;
  /** `hashCredential` under the key that is derived for API keys. */
  readonly hash: string;
  /** The operator who made it. */
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly rotatedFrom: string | null;
  readonly rotatedTo: string | null;
  /** A rotated key is accepted until then. */
  readonly overlapUntil: number | null;
  readonly revokedAt: number | null;
  readonly revokedReason: string | null;
  readonly lastUsedAt: number | null;
  readonly lastUsedOperation: string | null;
  /** Counts the changes; the entity tag. */
  readonly version: number;
}

/** Revoked before expired before rotated: the first that is so. */
export type KeyState = 'active' | 'expired' | 'revoked' | 'rotated';

export type KeyRow = KeyTables['api_key'];
type TermColumns = Pick<
  KeyRow,
  | 'name_sealed'
  | 'owner_sealed'
  | 'owner_index'
  | 'scopes'
  | 'roles'
  | 'limits'
  | 'networks_sealed'
  | 'expires_at'
>;

export function ownerIndex(ring: KeyRing, owner: string): string {
  return ring.blindIndex('api_key.owner', owner);
}

export function termColumns(ring: KeyRing, id: string, terms: KeyTerms): TermColumns {
  const { name, owner } = terms;
  return {
    name_sealed: ring.seal(place(id, 'name'), name),
    owner_sealed: owner === null ? null : ring.seal(place(id, 'owner'), owner),
    owner_index: owner === null ? null : ownerIndex(ring, owner),
    scopes: JSON.stringify(terms.scopes),
    roles: JSON.stringify(terms.roles),
    limits: terms.limits === null ? null : JSON.stringify(terms.limits),
    networks_sealed: ring.seal(place(id, 'networks'), JSON.stringify(terms.networks)),
    expires_at: terms.expiresAt,
  };
}

export function sealReason(ring: KeyRing, id: string, reason: string): string {
  return ring.seal(place(id, 'revoked_reason'), reason);
}

export function keyOfRow(ring: KeyRing, row: KeyRow): StoredKey {
  const opened = (column: string, sealed: string | null) =>
    sealed === null ? null : ring.open(place(row.id, column), sealed);
  return {
    id: row.id,
    client: row.client,
    createdBy: row.created_by,
    prefix: row.prefix,
    hash: row.hash,
    name: ring.open(place(row.id, 'name'), row.name_sealed),
    owner: opened('owner', row.owner_sealed),
    scopes: parseJsonText(row.scopes) as string[],
    roles: parseJsonText(row.roles) as string[],
    limits: row.limits === null ? null : (parseJsonText(row.limits) as LimitsConfig),
    networks: parseJsonText(ring.open(place(row.id, 'networks'), row.networks_sealed)) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    rotatedFrom: row.rotated_from,
    rotatedTo: row.rotated_to,
    overlapUntil: row.overlap_until,
    revokedAt: row.revoked_at,
    revokedReason: opened('revoked_reason', row.revoked_reason_sealed),
    lastUsedAt: row.last_used_at,
    lastUsedOperation: row.last_used_operation,
    version: row.version,
  };
}

function place(row: string, column: string) {
  return { table: 'api_key', column, row };
}
