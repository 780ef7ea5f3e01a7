import {
  type Act,
  type Answer,
  type Contract,
  type Everywhere,
  type Handlers,
  iso,
  isoTime,
  type OperationId,
  pageLimit,
} from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { DenialStore } from '../../state/denials/index.ts';
import type { AccountProfile, StoredAccount } from './account-row.ts';
import { type AccountStore, LoginTakenError } from './account-store.ts';
import { type CredentialStore, isSynced, type StoredCredential } from './credential-store.ts';
import type { GrantStore } from './grant-store.ts';
import type { AccountNoticeStore } from './notice-store.ts';

export interface AccountRoutePorts {
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly everywhere: Everywhere;
  /** The authorization server, where links lead to, and how long its tokens can be shown; null: there is none. */
  readonly issuer: () => { readonly origin: string; readonly tokenLifeMs: number } | null;
  /**
   * Nobody is signed in by this account any more, at our pages and at the gates. Resolves when the authorization server has
   * done so, or does not answer.
   */
  readonly clearSessions: (account: string) => Promise<void>;
  /** Where the account comes from, and what its holder may do by that. */
  readonly originOf: (account: string) => Promise<Pick<Contract.Account, 'directory' | 'roles'>>;
}

type AccountOperation =
  | ('listAccounts' | 'createAccount' | 'showAccount' | 'changeAccount')
  | ('disableAccount' | 'signOutAccount' | 'linkAccount');

interface Stores {
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly grants: GrantStore;
  readonly accountNotices: AccountNoticeStore;
  readonly denials: DenialStore;
}

/** DESIGN: a link that lets somebody in lives for a quarter of an hour. */
const LINK_LIFE_MS = 900_000;

/** The people who sign in at the authorization server. */
export function accountRoutes(ports: AccountRoutePorts): Handlers<AccountOperation, Stores> {
  const { accounts, credentials, everywhere } = ports;
  const stored = async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => answer;
  const shown = async (account: StoredAccount, from: CredentialStore) => {
    const body = shownAccount(account, await from.list(account.id));
    return { status: 200, body, version: account.version, target: account.id } as const;
  };

  return {
    async listAccounts({ query }) {
      const page = await accounts.list({
        limit: pageLimit(query),
        ...(query.cursor !== undefined && { cursor: query.cursor }),
      });
      const items: Contract.Account[] = [];
      for (const account of page.items) {
        items.push(shownAccount(account, await credentials.list(account.id)));
      }
      return { status: 200, body: { items, next: page.next } };
    },

    createAccount: {
      async change({ body, operator }, stores) {
        const account = await unlessTaken(() =>
          stores.accounts.create(profileOf(body), operator.client),
        );
        return {
          ...{ status: 201, body: shownAccount(account, []) },
          ...{ target: account.id, version: account.version },
        };
      },
      spread: stored,
    },

    async showAccount({ path }) {
      const answer = await shown(await known(accounts, path.id), credentials);
      return { ...answer, body: { ...answer.body, ...(await ports.originOf(path.id)) } };
    },

    changeAccount: {
      async change({ path, body, version }, stores) {
        await known(stores.accounts, path.id);
        const account = await unlessTaken(() =>
          stores.accounts.change(path.id, profileOf(body), version),
        );
        return shown(account, stores.credentials);
      },
      spread: stored,
    },

    disableAccount: {
      async change({ path, nowMs }, stores) {
        await known(stores.accounts, path.id);
        const account = await stores.accounts.disable(path.id);
        const issuer = ports.issuer();
        const grants = await stores.grants.takeAll(path.id);
        if (issuer !== null) {
          const until = nowMs + issuer.tokenLifeMs;
          const whose = { kind: 'grant', issuer: issuer.origin, until } as const;
          await stores.denials.deny(grants.map((value) => ({ ...whose, value })));
        }
        return shown(account, stores.credentials);
      },
      async spread({ path }, answer) {
        void ports.clearSessions(path.id);
        await everywhere.untilEnforced();
        return answer;
      },
    },

    signOutAccount: {
      async change({ path }, stores) {
        await known(stores.accounts, path.id);
        const account = await stores.accounts.signOutEverywhere(path.id);
        await stores.accountNotices.add(account.id, 'signed-out');
        return shown(account, stores.credentials);
      },
      async spread({ path }, answer) {
        // Sessions that browsers have at the gates end with those at our pages, and each is known there alone.
        if (ports.issuer() === null) return answer;
        await ports.clearSessions(path.id);
        await everywhere.untilEnforced();
        return answer;
      },
    },

    linkAccount: {
      async change({ path, body, nowMs }, stores) {
        const account = await known(stores.accounts, path.id);
        const origin = ports.issuer()?.origin ?? null;
        if (account.disabledAt !== null)
          throw new AdminProblem('not_possible', { reason: 'disabled' });
        if (origin === null) {
          throw new AdminProblem('not_possible', { reason: 'no issuer is configured' });
        }
        const expiresAt = nowMs + LINK_LIFE_MS;
        const token = await stores.accounts.issueLink(account.id, body.purpose, expiresAt);
        // After '#': a browser sends it to nobody, so that it stands in no log.
        const link = `${origin}/enrol#${token}`;
        return {
          status: 200,
          body: { link, expires: isoTime(expiresAt) },
          target: account.id,
        };
      },
      spread: stored,
    },
  };
}

export async function known(accounts: AccountStore, id: string): Promise<StoredAccount> {
  const account = await accounts.show(id);
  if (account === undefined) throw new AdminProblem('not_found');
  return account;
}

async function unlessTaken(work: () => Promise<StoredAccount>): Promise<StoredAccount> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LoginTakenError)) throw error;
    throw new AdminProblem('value_not_acceptable', { reason: 'login: is taken' });
  }
}

function profileOf({ login, name, email, language }: Contract.AccountWish): AccountProfile {
  return { login, name, email: email ?? null, language: language ?? 'en' };
}

function stateOf({ disabledAt, isSuspended }: StoredAccount): Contract.Account['state'] {
  if (isSuspended) return 'suspended';
  return disabledAt === null ? 'active' : 'disabled';
}

export function shownAccount(
  account: StoredAccount,
  credentials: readonly StoredCredential[],
): Contract.Account {
  const { id, login, name, email, language } = account;
  return {
    ...{ id, login, name, email, language },
    state: stateOf(account),
    credentials: credentials.map((credential) => {
      const { id, kind, label, createdAt, lastUsedAt } = credential;
      const synced = isSynced(credential);
      return { id, kind, label, synced, created: isoTime(createdAt), lastUsed: iso(lastUsedAt) };
    }),
    created: isoTime(account.createdAt),
    createdBy: account.createdBy,
    disabled: iso(account.disabledAt),
    signedOut: isoTime(account.signedOutAt),
  };
}
