import { parseJsonText } from '@poorter/openapi/json';
import type { KeyRing } from '../../platform/secrets/index.ts';
import type { ChangeTables } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';

export interface AccountTables extends ChangeTables {
  account: {
    id: string;
    /** Null once erased. */
    login_index: string | null;
    /** JSON of an AccountProfile. */
    profile_sealed: string;
    created_by: string | null;
    created_at: number;
    disabled_at: number | null;
    signed_out_at: number;
    version: number;
  };
  account_credential: {
    id: string;
    account_id: string;
    kind: string;
    lookup_index: string | null;
    data_sealed: string;
    label_sealed: string;
    uses: number;
    created_at: number;
    last_used_at: number | null;
  };
  account_link: {
    token_index: string;
    account_id: string;
    purpose: string;
    expires_at: number;
    used_at: number | null;
  };
  account_grant: {
    /** Random, and stands in tokens as `grant_id`. */
    id: string;
    consent_id: string;
    account_id: string;
    client_id: string;
    rights_sealed: string;
    given_at: number;
    expires_at: number;
  };
  account_recovery_code: {
    code_index: string;
    account_id: string;
    credential_id: string;
    used_at: number | null;
  };
  account_notice: {
    id: string;
    account_id: string;
    kind: string;
    at: number;
    attempts: number;
    due_at: number;
  };
}

/** What goes with an account. */
export const TABLES_OF_ACCOUNTS = [
  ...(['account_credential', 'account_link', 'account_grant'] as const),
  ...(['account_recovery_code', 'account_notice'] as const),
];

/** What is known of a person. */
export interface AccountProfile {
  /** What they type to sign in; compared without case. */
  readonly login: string;
  readonly name: string;
  /** For notices; null: they get none. */
  readonly email: string | null;
  /** Of pages and notices. */
  readonly language: AccountLanguage;
}

export type AccountLanguage = 'nl' | 'fr' | 'de' | 'en';

/** Times are milliseconds since the epoch. */
export interface StoredAccount extends AccountProfile {
  readonly id: string;
  readonly createdBy: string | null;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  /** Whatever was signed in before this moment is not any more. */
  readonly signedOutAt: number;
  /** Counts the changes; the entity tag. */
  readonly version: number;
}

export type AccountRow = AccountTables['account'];

const ID_BYTES = 12;

/** Of somebody who is not there yet. */
export function newAccountRow(
  ring: KeyRing,
  world: StateWorld,
  profile: AccountProfile,
  createdBy: string | null,
): AccountRow {
  const id = `account_${Buffer.from(world.random(ID_BYTES)).toString('hex')}`;
  const at = world.now();
  return {
    ...{ id, login_index: loginIndex(ring, profile.login), created_by: createdBy },
    profile_sealed: sealProfile(ring, id, profile),
    ...{ created_at: at, disabled_at: null, signed_out_at: at, version: 1 },
  };
}

/** The same person, however they type it. */
export function loginIndex(ring: KeyRing, login: string): string {
  return ring.blindIndex('account.login', login.normalize('NFKC').trim().toLowerCase());
}

export function sealProfile(ring: KeyRing, id: string, profile: AccountProfile): string {
  const { login, name, email, language } = profile;
  return ring.seal(place(id), JSON.stringify({ login, name, email, language }));
}

export function accountOfRow(ring: KeyRing, row: AccountRow): StoredAccount {
  const profile = parseJsonText(ring.open(place(row.id), row.profile_sealed)) as AccountProfile;
  return {
    ...profile,
    ...{ id: row.id, createdBy: row.created_by, createdAt: row.created_at },
    ...{ disabledAt: row.disabled_at, signedOutAt: row.signed_out_at, version: row.version },
  };
}

function place(row: string) {
  return { table: 'account', column: 'profile', row };
}
