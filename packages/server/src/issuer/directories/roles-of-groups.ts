import { type DirectoryGroupStore, groupNameOf } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';

export interface RolesOfGroupsPorts {
  readonly snapshot: Pick<IssuerSnapshot, 'directories' | 'resources'>;
  readonly groups: Pick<DirectoryGroupStore, 'groupsOf'>;
}

/** What people may do because they are in a group of their directory. */
export class RolesOfGroups {
  readonly #groups: RolesOfGroupsPorts['groups'];
  readonly #resources: IssuerSnapshot['resources'];
  readonly #roles: ReadonlyMap<string, readonly string[]>;

  constructor({ snapshot, groups }: RolesOfGroupsPorts) {
    this.#groups = groups;
    this.#resources = snapshot.resources;
    this.#roles = new Map(
      snapshot.directories.flatMap(({ name, roles }) =>
        Object.entries(roles).map(([group, given]) => [keyOf(name, group), given] as const),
      ),
    );
  }

  /** RFC 9068 §2.2.3.1, for one API: no more of them than it asks for. Sorted, each once. */
  async at(account: string, audience: unknown): Promise<string[]> {
    const wanted = this.#resources.find(({ identifier }) => identifier === audience)?.roles ?? [];
    if (wanted.length === 0 || this.#roles.size === 0) return [];
    const groups = (await this.#groups.groupsOf([account])).get(account) ?? [];
    const given = new Set(
      groups.flatMap(({ directory, displayName }) => [
        ...(this.#roles.get(keyOf(directory, displayName)) ?? []),
      ]),
    );
    return wanted.filter((role) => given.has(role));
  }
}

/** Whether somebody has a role because they are in a group of this name. */
export function givesRoles(
  { directories }: Pick<IssuerSnapshot, 'directories'>,
  directory: string,
  group: string,
): boolean {
  const roles = directories.find(({ name }) => name === directory)?.roles ?? {};
  return Object.keys(roles).some((name) => groupNameOf(name) === groupNameOf(group));
}

function keyOf(directory: string, group: string): string {
  return JSON.stringify([directory, groupNameOf(group)]);
}
