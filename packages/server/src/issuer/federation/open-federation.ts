import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { World } from '../../platform/world/index.ts';
import type { AccountDoor } from '../account/account-door.ts';
import type { BrowserSessions } from '../account/browser-sessions.ts';
import type { NotEverywhereYet } from '../not-everywhere-yet.ts';
import type { IssuerStores } from '../open-stores.ts';
import { type Handle, NOBODY, type PageCall, sendJson } from '../pages/page-call.ts';
import { SESSION_LIFE_SECONDS } from '../protocol/grant-life.ts';
import type { Provider } from '../protocol/library.ts';
import { guardedFetch } from '../protocol/outgoing.ts';
import { OwnWays } from './asked-levels.ts';
import { FederatedProviders } from './federated-providers.ts';
import { FederationPages } from './federation-pages.ts';
import { ForeignSignIn } from './foreign-sign-in.ts';
import { Identities } from './identities.ts';
import { LogoutTokens } from './logout-tokens.ts';
import { FederationRequests } from './requests.ts';
import { SignOutThere } from './sign-out-there.ts';

export interface OpenFederationPorts {
  readonly snapshot: IssuerSnapshot;
  /** The protocol. */
  readonly provider: Provider;
  readonly stores: IssuerStores;
  readonly door: AccountDoor;
  readonly sessions: BrowserSessions;
  readonly world: Pick<World, 'now' | 'random'>;
  readonly endTokens: (grant: string) => Promise<void>;
  readonly onLate: (error: NotEverywhereYet) => void;
  readonly lessen: (account: string) => Promise<void>;
}

/** Somebody waits for it, and a provider may ask others in turn. */
const TIMEOUT_MS = 5_000;

/** Other OpenID providers, at which people sign in. */
export function openFederation(ports: OpenFederationPorts): {
  readonly handlerOf: (operation: string) => Handle | null;
} {
  const { snapshot, provider, stores, door, sessions, world } = ports;
  const { accounts, artefacts, credentials, identities: identityStore, singleUse } = stores;
  const { now, random } = world;
  const isSecure = snapshot.origin.startsWith('https:');
  const fetch = guardedFetch(snapshot.outgoing, TIMEOUT_MS);
  const providers = new FederatedProviders({ snapshot, fetch, now });
  const requests = new FederationRequests({ artefacts, random, now, isSecure });
  const signOut = new SignOutThere({
    ...{ providers, accounts, artefacts, sessions, now },
    ...{ identities: identityStore, sessionLifeMs: SESSION_LIFE_SECONDS * 1000 },
    tokens: new LogoutTokens({ providers, singleUse, now }),
    ...{ endTokens: ports.endTokens, onLate: ports.onLate },
  });
  const pages = new FederationPages({
    ...{ snapshot, provider, providers, requests, sessions, door },
    foreign: new ForeignSignIn({ providers, requests, now }),
    identities: new Identities({
      ...{ identities: identityStore, accounts, random },
      ...{ directoryUsers: stores.directoryUsers, lessen: ports.lessen },
    }),
    own: new OwnWays({ snapshot, credentials }),
    notices: stores.accountNotices,
    remember: (person, account) => signOut.remember(person, account),
  });
  const handlers: Readonly<Record<string, Handle>> = {
    endByProvider: (asked) => signOut.answer(asked),
    readFederationKeys: async (asked) => sendKeys(asked, snapshot),
  };
  return { handlerOf: (operation) => handlers[operation] ?? pages.handlerOf(operation) };
}

const PUBLIC = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'];

/** RFC 7517: by which providers verify what this server signs. */
function sendKeys(asked: PageCall, { federation }: Pick<IssuerSnapshot, 'federation'>) {
  const all = federation.flatMap(({ authentication }) =>
    authentication.kind === 'keys' ? authentication.keys : [],
  );
  const byId = new Map(all.map((key) => [key['kid'], key]));
  const keys = [...byId.values()].map((key) =>
    Object.fromEntries(PUBLIC.flatMap((name) => (name in key ? [[name, key[name]]] : []))),
  );
  sendJson(asked, 200, { keys });
  return NOBODY;
}
