import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ImportedAccount } from '../../../messages/admin-contract.generated.ts';
import type { Database } from '../../../platform/database/index.ts';
import type { KeyRing } from '../../../platform/secrets/index.ts';
import { CHANGE_LOCK, recordChanges } from '../../../state/changes/index.ts';
import type { StateWorld } from '../../../state/index.ts';
import { type AccountRow, type AccountTables, loginIndex, newAccountRow } from '../account-row.ts';
import { type CredentialRow, lookupIndex, newCredentialRow } from '../credential-store.ts';
import { identityLookup, identityWish } from '../identity-store.ts';
import {
  type AccountToMake,
  type ImportFault,
  judgeAccounts,
  type SignInTerms,
} from './judge-accounts.ts';

export interface ImportWish {
  readonly accounts: readonly ImportedAccount[];
  /** Whether a login that is there already is passed over, or stands against all of it. */
  readonly isSkipping: boolean;
  readonly isPreview: boolean;
  readonly createdBy: string;
}

/** In the order of the wish. */
export interface AccountOutcome {
  readonly login: string;
  /** Null: it would be made. */
  readonly id: string | null;
  readonly isNew: boolean;
}

export type ImportOutcome =
  | { readonly kind: 'faults'; readonly faults: readonly ImportFault[] }
  | { readonly kind: 'done'; readonly accounts: readonly AccountOutcome[] };

/** One that may be made, with what it is known by. */
interface Indexed extends AccountToMake {
  readonly loginIndex: string;
  /** Of its identities, in their order. */
  readonly lookups: readonly string[];
}

/** What is there already. */
interface Known {
  readonly idsByLogin: ReadonlyMap<string, string>;
  readonly lookups: ReadonlySet<string>;
}

/** Whoever revokes a key waits for the sealing of no more than these. */
const ACCOUNTS_A_TURN = 10;

/** People who had an account elsewhere. All is judged before anything is written, and written by a few statements. */
export class AccountImport {
  readonly #database: Database<AccountTables>;
  readonly #ring: KeyRing;
  readonly #world: StateWorld;

  constructor(database: Database<AccountTables>, ring: KeyRing, world: StateWorld) {
    this.#database = database;
    this.#ring = ring;
    this.#world = world;
  }

  /** All of them or, where anything is wrong with one, none. */
  async make(wish: ImportWish, terms: SignInTerms): Promise<ImportOutcome> {
    const { ready, faults } = judgeAccounts(wish.accounts, terms);
    const indexed = ready.map((account) => this.#indexed(account));
    const known = await this.#known(indexed);
    const isThere = ({ loginIndex: index }: Indexed) => known.idsByLogin.has(index);
    const all = [
      ...faults,
      ...faultsAmong(indexed),
      ...(wish.isSkipping ? [] : indexed.filter(isThere).map(loginTaken)),
      ...indexed.filter((one) => !isThere(one)).flatMap((one) => identitiesTaken(one, known)),
    ];
    if (all.length > 0)
      return { kind: 'faults', faults: all.toSorted((a, b) => a.index - b.index) };
    const fresh = indexed.filter((one) => !isThere(one));
    const made = wish.isPreview ? new Map<number, string>() : await this.#write(fresh, wish);
    const accounts = indexed.map(({ index, profile: { login }, loginIndex: at }) => {
      const id = known.idsByLogin.get(at);
      return { login, id: id ?? made.get(index) ?? null, isNew: id === undefined };
    });
    return { kind: 'done', accounts };
  }

  #indexed(account: AccountToMake): Indexed {
    const { profile, identities } = account;
    return {
      ...account,
      loginIndex: loginIndex(this.#ring, profile.login),
      lookups: identities.map((one) => lookupIndex(this.#ring, 'identity', identityLookup(one))),
    };
  }

  async #known(accounts: readonly Indexed[]): Promise<Known> {
    const { kysely } = this.#database;
    const logins = accounts.map((one) => one.loginIndex);
    const rows = await kysely
      .selectFrom('account')
      .select(['id', 'login_index'])
      .where('login_index', 'in', logins)
      .execute();
    const lookups = accounts.flatMap((one) => one.lookups);
    const found =
      lookups.length === 0
        ? []
        : await kysely
            .selectFrom('account_credential')
            .select('lookup_index')
            .where('lookup_index', 'in', lookups)
            .execute();
    return {
      idsByLogin: new Map(rows.map(({ id, login_index }) => [String(login_index), id])),
      lookups: new Set(found.map(({ lookup_index }) => String(lookup_index))),
    };
  }

  /** Ids by their place in the wish. */
  async #write(
    accounts: readonly Indexed[],
    { createdBy }: Pick<ImportWish, 'createdBy'>,
  ): Promise<ReadonlyMap<number, string>> {
    const rows: AccountRow[] = [];
    const credentials: CredentialRow[] = [];
    const made = new Map<number, string>();
    for (const [at, account] of accounts.entries()) {
      if (at % ACCOUNTS_A_TURN === 0) await nextTurn();
      const row = newAccountRow(this.#ring, this.#world, account.profile, createdBy);
      // No tombstone: no backup has it as one that somebody could sign in with.
      rows.push(account.isDisabled ? { ...row, disabled_at: row.created_at } : row);
      credentials.push(...this.#credentialsOf(row.id, account));
      made.set(account.index, row.id);
    }
    if (rows.length === 0) return made;
    await this.#database.write(async (session) => {
      await nextTurn();
      await session.insertInto('account').values(rows).execute();
      if (credentials.length > 0) {
        await nextTurn();
        await session.insertInto('account_credential').values(credentials).execute();
      }
      await recordChanges(session, 'account', [...made.values()], this.#world.now());
    }, CHANGE_LOCK);
    return made;
  }

  /** As their holder would have set them here, but for where the hash comes from. */
  #credentialsOf(accountId: string, { hash, codeKey, identities }: Indexed): CredentialRow[] {
    const whose = { accountId, lookup: accountId, label: '' } as const;
    return [
      ...(hash === null
        ? []
        : [{ ...whose, kind: 'password' as const, data: { hash, isImported: true } }]),
      ...(codeKey === null ? [] : [{ ...whose, kind: 'totp' as const, data: { ...codeKey } }]),
      ...identities.map((identity) => identityWish(accountId, identity)),
    ].map((wish) => newCredentialRow(this.#ring, this.#world, wish));
  }
}

/** Two of one request that mean the same. */
function* faultsAmong(accounts: readonly Indexed[]): Generator<ImportFault> {
  const logins = new Set<string>();
  const lookups = new Set<string>();
  for (const { index, loginIndex: login, lookups: own } of accounts) {
    if (logins.has(login)) {
      const expected = 'a login that stands once in this request, however it is written';
      yield { index, member: 'login', rule: 'once', expected };
    }
    logins.add(login);
    for (const [at, lookup] of own.entries()) {
      if (lookups.has(lookup)) {
        const expected = 'an identity that stands once in this request';
        yield { index, member: `identities/${at}`, rule: 'once', expected };
      }
      lookups.add(lookup);
    }
  }
}

function loginTaken({ index }: Indexed): ImportFault {
  return { index, member: 'login', rule: 'free', expected: 'a login that no account has yet' };
}

function identitiesTaken({ index, lookups }: Indexed, known: Known): readonly ImportFault[] {
  return lookups.flatMap((lookup, at): ImportFault[] => {
    if (!known.lookups.has(lookup)) return [];
    const expected = 'an identity that no other account has';
    return [{ index, member: `identities/${at}`, rule: 'free', expected }];
  });
}
