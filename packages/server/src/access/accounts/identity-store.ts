import type { Database } from '../../platform/database/index.ts';
import type { KeyRing } from '../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChange } from '../../state/changes/index.ts';
import type { StateWorld } from '../../state/index.ts';
import type { TombstoneLog } from '../../state/tombstones/index.ts';
import type { AccountProfile, AccountTables, StoredAccount } from './account-row.ts';
import { AccountStore } from './account-store.ts';
import { CredentialStore, type StoredCredential } from './credential-store.ts';

/** Whom another provider means: these two together, and nothing that it says besides. OpenID Connect Core §5.7. */
export interface ForeignIdentity {
  readonly issuer: string;
  readonly subject: string;
}

interface KnownIdentity extends ForeignIdentity {
  readonly roles?: readonly string[];
}

export interface StoredIdentity extends ForeignIdentity {
  /** What its provider said when it was last shown that its holder may do. */
  readonly roles: readonly string[];
  readonly id: string;
  readonly accountId: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

/** Who may come in as somebody else knows them. Each stands among the credentials of one account. */
export class IdentityStore {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #tombstones: TombstoneLog;
  readonly #world: StateWorld;
  readonly #credentials: CredentialStore;

  constructor(
    database: Database<AccountTables>,
    ring: KeyRing,
    tombstones: TombstoneLog,
    world: StateWorld,
  ) {
    this.#database = database;
    this.#ring = ring;
    this.#tombstones = tombstones;
    this.#world = world;
    this.#credentials = new CredentialStore(database, ring, tombstones, world);
  }

  async find(identity: ForeignIdentity): Promise<StoredIdentity | undefined> {
    const found = await this.#credentials.find('identity', identityLookup(identity));
    return found === undefined ? undefined : identityOf(found);
  }

  /** Oldest first. */
  async list(accountId: string): Promise<StoredIdentity[]> {
    const all = await this.#credentials.list(accountId);
    return all.filter(({ kind }) => kind === 'identity').map(identityOf);
  }

  /** False: it is somebody's already, or the account has as many as it may. */
  async link(accountId: string, identity: ForeignIdentity): Promise<boolean> {
    return (await this.#credentials.add(identityWish(accountId, identity))) !== undefined;
  }

  /** Whoever says whom it means says that it means somebody else now. */
  async move({ id, accountId: from }: StoredIdentity, accountId: string): Promise<void> {
    const at = this.#world.now();
    await this.#database.write(async (session) => {
      await session
        .updateTable('account_credential')
        .set({ account_id: accountId })
        .where('id', '=', id)
        .execute();
      for (const one of [from, accountId]) await recordChange(session, 'account', one, at);
    }, CHANGE_LOCK);
  }

  /** It was shown now, with these roles. */
  async used(
    { id, issuer, subject, roles: before }: StoredIdentity,
    roles: readonly string[] = [],
  ): Promise<void> {
    const data = { issuer, subject, ...(roles.length > 0 && { roles }) };
    if (before.some((role) => !roles.includes(role))) {
      await this.#credentials.lessenRoles(id, data);
      return;
    }
    await this.#credentials.use(id, 0, { isUncounted: true, data });
  }

  /** An account of its own, in one transaction: of two first sign-ins at once, one makes it and both are in it. */
  async signUp(profile: AccountProfile, identity: ForeignIdentity): Promise<StoredAccount> {
    return this.#database.write(async (session) => {
      const within = this.#database.within(session);
      const parts = [within, this.#ring, this.#tombstones, this.#world] as const;
      const accounts = new AccountStore(...parts);
      const credentials = new CredentialStore(...parts);
      const known = await credentials.find('identity', identityLookup(identity));
      const account = known === undefined ? undefined : await accounts.show(known.accountId);
      if (account !== undefined) return account;
      const made = await accounts.create(profile);
      const added = await credentials.add(identityWish(made.id, identity));
      if (added === undefined) throw new Error('the identity is taken');
      return made;
    }, CHANGE_LOCK);
  }
}

/** The text of both, apart: no two identities share it. */
export function identityLookup({ issuer, subject }: ForeignIdentity): string {
  return JSON.stringify([issuer, subject]);
}

export function identityWish(accountId: string, { issuer, subject }: ForeignIdentity) {
  return {
    ...{ accountId, kind: 'identity' as const, data: { issuer, subject } },
    ...{ label: issuer, lookup: identityLookup({ issuer, subject }) },
  };
}

function identityOf({ id, accountId, data, createdAt, lastUsedAt }: StoredCredential) {
  const { issuer, subject, roles = [] } = data as unknown as KnownIdentity;
  return { id, accountId, issuer, subject, roles, createdAt, lastUsedAt };
}
