import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { World } from '../../platform/world/index.ts';
import type { Decisions } from '../decisions/index.ts';
import type { DetailTypes } from '../details/index.ts';
import type { RolesOfPeople } from '../directories/roles-of-people.ts';
import type { IssuerStores } from '../open-stores.ts';
import type { Handle } from '../pages/page-call.ts';
import { SESSION_LIFE_SECONDS } from '../protocol/grant-life.ts';
import type { Provider } from '../protocol/library.ts';
import type { KnownDevices } from '../sign-in/known-devices.ts';
import type { Passkeys } from '../sign-in/passkeys.ts';
import type { PasswordHashes } from '../sign-in/password-hashes.ts';
import { PasswordPages } from '../sign-in/password-pages.ts';
import type { PasswordSignIn } from '../sign-in/password-sign-in.ts';
import { AccountDoor } from './account-door.ts';
import { AccountPages } from './account-pages.ts';
import { BrowserSessions } from './browser-sessions.ts';
import { CredentialPages } from './credential-pages.ts';
import { DecisionPages } from './decision-pages.ts';
import { OperatorPages } from './operator-pages.ts';
import { PasswordSetting } from './password-setting.ts';

export interface OpenAccountPorts {
  readonly snapshot: IssuerSnapshot;
  readonly provider: Provider;
  readonly stores: IssuerStores;
  readonly passkeys: Passkeys;
  readonly details: DetailTypes;
  readonly roles: RolesOfPeople;
  /** Throws NotEverywhereYet. */
  readonly whenEnforced: () => Promise<void>;
  readonly decisions: Decisions;
  readonly passwords: PasswordSignIn;
  readonly known: KnownDevices;
  readonly hashes: PasswordHashes;
  readonly endGrant: (grant: string) => Promise<void>;
  /** An application could not be told that somebody is signed out. */
  readonly onUntold: (client: string, error: Error) => void;
  readonly world: Pick<World, 'now' | 'random'>;
}

/** The pages where people look after what is theirs, over one provider. */
export function openAccount(ports: OpenAccountPorts): {
  readonly sessions: BrowserSessions;
  readonly door: AccountDoor;
  readonly handlerOf: (operation: string) => Handle | null;
} {
  const { snapshot, provider, stores, passkeys, known, hashes, endGrant, world } = ports;
  const { details, decisions, passwords } = ports;
  const { now, random } = world;
  const { accounts, artefacts, credentials, grants, recoveryCodes, clients } = stores;
  const sessions = new BrowserSessions({
    ...{ provider, accounts, artefacts, lifeSeconds: SESSION_LIFE_SECONDS },
    ...{ isSecure: snapshot.origin.startsWith('https:'), onUntold: ports.onUntold },
  });
  const door = new AccountDoor({ snapshot, sessions, credentials, now });
  const pages = [
    new AccountPages({
      ...{ snapshot, door, sessions, passkeys, accounts, credentials, grants },
      ...{ recoveryCodes, clients, known, endGrant, now, roles: ports.roles },
    }),
    new CredentialPages({
      ...{ snapshot, door, passkeys, accounts, credentials, recoveryCodes, sessions, now },
      notices: stores.accountNotices,
    }),
    new DecisionPages({ snapshot, door, decisions, details, clients }),
    new OperatorPages({
      ...{ snapshot, door, roles: ports.roles, operators: stores.operators, now },
      notices: stores.accountNotices,
      whenEnforced: ports.whenEnforced,
    }),
    new PasswordPages({ snapshot, provider, clients: stores.clients, passwords, sessions }),
    new PasswordSetting({
      ...{ snapshot, door, hashes, credentials, artefacts, random, now },
      notices: stores.accountNotices,
    }),
  ];
  return {
    ...{ sessions, door },
    handlerOf: (operation) => {
      for (const page of pages) {
        const handle = page.handlerOf(operation);
        if (handle !== null) return handle;
      }
      return null;
    },
  };
}
