import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { World } from '../../platform/world/index.ts';
import type { BrowserSessions } from '../account/browser-sessions.ts';
import type { NotEverywhereYet } from '../not-everywhere-yet.ts';
import type { IssuerStores } from '../open-stores.ts';
import { Directories, SCIM_PATH } from './directories.ts';
import { Groups } from './groups.ts';
import { TakingBackFrom } from './taking-back-from.ts';
import { Users } from './users.ts';

export interface OpenDirectoriesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly stores: IssuerStores;
  readonly sessions: BrowserSessions;
  readonly world: Pick<World, 'now'>;
  /** Throws NotEverywhereYet. */
  readonly whenEnforced: (what: string) => Promise<void>;
  readonly onLate: (error: NotEverywhereYet) => void;
}

/** Directories that say who may sign in; without one, nothing is there. */
export function openDirectories(ports: OpenDirectoriesPorts): Directories {
  const { snapshot, stores, sessions, world, whenEnforced, onLate } = ports;
  const { artefacts, directoryUsers: users, directoryGroups: groups } = stores;
  const base = `${snapshot.origin}${SCIM_PATH}`;
  const takingBack = new TakingBackFrom({ snapshot, artefacts, sessions, whenEnforced, world });
  return new Directories({
    ...{ snapshot, onLate },
    users: new Users({ users, groups, takingBack, base }),
    groups: new Groups({ snapshot, groups, takingBack, base }),
  });
}
