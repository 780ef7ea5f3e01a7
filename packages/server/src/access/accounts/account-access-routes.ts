import { type Contract, type Everywhere, type Handlers, isoTime } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { IssuerQuestion, StandingSession } from '../../messages/between-issuer.ts';
import type { DenialStore } from '../../state/denials/index.ts';
import type { ClientStore } from '../clients/index.ts';
import { known, shownAccount } from './account-routes.ts';
import type { AccountStore } from './account-store.ts';
import type { CredentialStore } from './credential-store.ts';
import type { GrantStore, StoredGrant } from './grant-store.ts';
import type { AccountNoticeStore } from './notice-store.ts';

export interface AccountAccessPorts {
  readonly accounts: AccountStore;
  readonly grants: GrantStore;
  readonly clients: Clients;
  readonly everywhere: Everywhere;
  readonly issuer: () => { readonly origin: string; readonly tokenLifeMs: number } | null;
  /** The authorization server; null: it does not answer. */
  readonly askIssuer: (question: IssuerQuestion) => Promise<readonly StandingSession[] | null>;
}

type AccessOperation =
  | ('listAccountSessions' | 'endAccountSession' | 'listAccountGrants')
  | ('endAccountGrant' | 'removeAccountCredential');

/** By which an application is called. */
type Clients = Pick<ClientStore, 'show'>;

interface Stores {
  readonly clients: Clients;
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly grants: GrantStore;
  readonly accountNotices: AccountNoticeStore;
  readonly denials: DenialStore;
}

/** Where people are signed in, by what they come in, and what they have allowed: as they see it themselves. */
export function accountAccessRoutes(ports: AccountAccessPorts): Handlers<AccessOperation, Stores> {
  const { accounts, grants, clients, everywhere } = ports;
  const ask = async (question: IssuerQuestion): Promise<readonly StandingSession[]> => {
    const reason = 'the authorization server does not answer';
    if (ports.issuer() === null) throw new AdminProblem('not_possible', { reason });
    const sessions = await ports.askIssuer(question);
    if (sessions === null) throw new AdminProblem('not_possible', { reason });
    return sessions;
  };

  return {
    async listAccountSessions({ path }) {
      await known(accounts, path.id);
      const sessions = await ask({ kind: 'sessions', account: path.id });
      return { status: 200, body: { items: sessions.map(shownSession) } };
    },

    async endAccountSession({ path }) {
      await known(accounts, path.id);
      const { id, session } = path;
      const [ended] = await ask({ kind: 'end-session', account: id, session });
      if (ended === undefined) throw new AdminProblem('not_found');
      return { status: 200, body: shownSession(ended), target: id };
    },

    async listAccountGrants({ path }) {
      await known(accounts, path.id);
      const items: Contract.AccountGrant[] = [];
      for (const grant of await grants.list(path.id)) items.push(await shownGrant(grant, clients));
      return { status: 200, body: { items } };
    },

    endAccountGrant: {
      async change({ path, nowMs }, stores) {
        const grant = (await stores.grants.list(path.id)).find(({ id }) => id === path.grant);
        const taken = await stores.grants.take(path.id, path.grant);
        if (grant === undefined || taken.length === 0) throw new AdminProblem('not_found');
        const issuer = ports.issuer();
        if (issuer !== null) {
          const until = nowMs + issuer.tokenLifeMs;
          const whose = { kind: 'grant', issuer: issuer.origin, until } as const;
          await stores.denials.deny(taken.map((value) => ({ ...whose, value })));
        }
        return { status: 200, body: await shownGrant(grant, stores.clients), target: grant.id };
      },
      async spread(_, answer) {
        await everywhere.untilEnforced();
        return answer;
      },
    },

    removeAccountCredential: {
      async change({ path }, stores) {
        const found = await known(stores.accounts, path.id);
        const kept = await stores.credentials.list(found.id);
        const credential = kept.find(({ id }) => id === path.credential);
        if (credential === undefined) throw new AdminProblem('not_found');
        await stores.credentials.remove(found.id, credential.id);
        await stores.accountNotices.add(found.id, `${credential.kind}-removed`);
        // Whoever has somebody's account elsewhere may be signed in by it.
        const isElsewhere = credential.kind === 'identity';
        const account = isElsewhere ? await stores.accounts.signOutEverywhere(found.id) : found;
        const body = shownAccount(account, await stores.credentials.list(account.id));
        return { status: 200, body, target: credential.id, version: account.version };
      },
      async spread(_, answer) {
        await everywhere.untilEnforced();
        return answer;
      },
    },
  };
}

function shownSession(session: StandingSession): Contract.AccountSession {
  const { id, browser, acr, signedInAt, lastUsedAt, expiresAt } = session;
  return {
    ...{ id, browser, acr, signedIn: isoTime(signedInAt) },
    ...{ lastUsed: isoTime(lastUsedAt), expires: isoTime(expiresAt) },
  };
}

async function shownGrant(grant: StoredGrant, clients: Clients): Promise<Contract.AccountGrant> {
  const { own, apis, details } = grant.rights;
  const client = await clients.show(grant.clientId);
  return {
    ...{ id: grant.id, client: grant.clientId, name: client?.name ?? null },
    ...{ own: [...own], details: [...details] },
    apis: Object.entries(apis).map(([api, scopes]) => ({ api, scopes: [...scopes] })),
    ...{ given: isoTime(grant.givenAt), expires: isoTime(grant.expiresAt) },
  };
}
