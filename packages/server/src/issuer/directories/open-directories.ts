import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import type { NotEverywhereYet } from '../not-everywhere-yet.ts';
import type { IssuerStores } from '../open-stores.ts';
import { Directories, SCIM_PATH } from './directories.ts';
import { Groups } from './groups.ts';
import type { TakingBackFromPeople } from './taking-back-from-people.ts';
import { Users } from './users.ts';

export interface OpenDirectoriesPorts {
  readonly snapshot: IssuerSnapshot;
  readonly stores: IssuerStores;
  readonly takingBack: TakingBackFromPeople;
  readonly onLate: (error: NotEverywhereYet) => void;
}

/** Directories that say who may sign in; without one, nothing is there. */
export function openDirectories(ports: OpenDirectoriesPorts): Directories {
  const { snapshot, stores, takingBack, onLate } = ports;
  const { directoryUsers: users, directoryGroups: groups } = stores;
  const base = `${snapshot.origin}${SCIM_PATH}`;
  return new Directories({
    ...{ snapshot, onLate },
    heard: (directory) => stores.directories.heard(directory),
    users: new Users({ users, groups, takingBack, base }),
    groups: new Groups({ snapshot, groups, takingBack, base }),
  });
}
