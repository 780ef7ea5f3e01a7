import { parseJsonText } from '@poorter/openapi/json';
import type { Transaction } from 'kysely';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { type ChangeTables, recordChange } from '../../state/changes/index.ts';
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
    /** By the directory that the account comes from, which may say otherwise. */
    suspended_at: number | null;
    /** Roles are fewer since. */
    lessened_at: number | null;
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
  directory_user: {
    account_id: string;
    directory: string;
    external_index: string | null;
    /** JSON of a DirectoryPerson. */
    said_sealed: string;
    created_at: number;
    changed_at: number;
  };
  directory_group: {
    id: string;
    directory: string;
    name_index: string;
    external_index: string | null;
    /** JSON of the name and the externalId of a GroupWish. */
    said_sealed: string;
    created_at: number;
    changed_at: number;
    version: number;
  };
  directory_heard: {
    directory: string;
    heard_at: number;
  };
  directory_member: {
    group_id: string;
    account_id: string;
  };
}

/** What goes with an account. */
export const TABLES_OF_ACCOUNTS = [
  ...(['account_credential', 'account_link', 'account_grant'] as const),
  ...(['account_recovery_code', 'account_notice', 'directory_user', 'directory_member'] as const),
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
  /** Nobody comes in by it since. */
  readonly disabledAt: number | null;
  /** Its directory says so, and may say otherwise. */
  readonly isSuspended: boolean;
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
    ...{ created_at: at, disabled_at: null, suspended_at: null, lessened_at: null },
    ...{ signed_out_at: at, version: 1 },
  };
}

/** The same person, however they type it. */
export function loginIndex(ring: KeyRing, login: string): string {
  return ring.blindIndex('account.login', plainLogin(login));
}

/** However it is typed. */
export function plainLogin(login: string): string {
  return login.normalize('NFKC').trim().toLowerCase();
}

export function sealProfile(ring: KeyRing, id: string, profile: AccountProfile): string {
  const { login, name, email, language } = profile;
  return ring.seal(place(id), JSON.stringify({ login, name, email, language }));
}

export function accountOfRow(ring: KeyRing, row: AccountRow): StoredAccount {
  const profile = parseJsonText(ring.open(place(row.id), row.profile_sealed)) as AccountProfile;
  const { disabled_at: disabledAt, suspended_at: suspendedAt } = row;
  return {
    ...profile,
    ...{ id: row.id, createdBy: row.created_by, createdAt: row.created_at },
    ...{ disabledAt: disabledAt ?? suspendedAt, signedOutAt: row.signed_out_at },
    ...{ isSuspended: disabledAt === null && suspendedAt !== null, version: row.version },
  };
}

/** What stands where something was erased. */
const ERASED: AccountProfile = { login: 'erased', name: 'erased', email: null, language: 'en' };

/** What is left is a row that says that there was one. */
export async function emptyAccount(
  session: Transaction<AccountTables>,
  ring: KeyRing,
  row: AccountRow,
  at: number,
): Promise<void> {
  const { id } = row;
  for (const table of TABLES_OF_ACCOUNTS) {
    await session.deleteFrom(table).where('account_id', '=', id).execute();
  }
  await session
    .updateTable('account')
    .set({
      ...{ login_index: null, profile_sealed: sealProfile(ring, id, ERASED), created_by: null },
      ...{ disabled_at: row.disabled_at ?? at, signed_out_at: at, version: row.version + 1 },
    })
    .where('id', '=', id)
    .execute();
  await recordChange(session, 'account', id, at);
}

function place(row: string) {
  return { table: 'account', column: 'profile', row };
}
