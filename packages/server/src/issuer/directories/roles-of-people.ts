import {
  type DirectoryGroupStore,
  groupNameOf,
  type IdentityStore,
} from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { type OperatorRole, operatorRolesIn } from '../../messages/operator-roles.ts';

export interface RolesOfPeoplePorts {
  readonly snapshot: Pick<IssuerSnapshot, 'directories' | 'federation' | 'resources'>;
  readonly groups: Pick<DirectoryGroupStore, 'groupsOf'>;
  readonly identities: Pick<IdentityStore, 'list'>;
}

/** What people may do: because they are in a group of their directory, or because a provider says so at which they sign in. */
export class RolesOfPeople {
  readonly #ports: RolesOfPeoplePorts;
  readonly #ofGroups: ReadonlyMap<string, readonly string[]>;
  /** What a provider may give at this moment, by its issuer. */
  readonly #ofProviders: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(ports: RolesOfPeoplePorts) {
    this.#ports = ports;
    const { directories, federation } = ports.snapshot;
    this.#ofGroups = new Map(
      directories.flatMap(({ name, roles }) =>
        Object.entries(roles).map(([group, given]) => [keyOf(name, group), given] as const),
      ),
    );
    this.#ofProviders = new Map(
      federation.flatMap(({ issuer, roles }) =>
        roles === null ? [] : [[issuer, new Set(Object.values(roles.values).flat())] as const],
      ),
    );
  }

  /** RFC 9068 §2.2.3.1, for one API: no more of them than it asks for. Sorted, each once. */
  async at(account: string, audience: unknown): Promise<string[]> {
    const { resources } = this.#ports.snapshot;
    const wanted = resources.find(({ identifier }) => identifier === audience)?.roles ?? [];
    if (wanted.length === 0) return [];
    const held = await this.#held(account);
    return wanted.filter((role) => held.has(role));
  }

  /** What somebody may do as an operator of this server. */
  async asOperator(account: string): Promise<OperatorRole[]> {
    return operatorRolesIn(await this.#held(account));
  }

  async #held(account: string): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    if (this.#ofGroups.size > 0) {
      const memberships = (await this.#ports.groups.groupsOf([account])).get(account) ?? [];
      for (const { directory, displayName } of memberships) {
        for (const role of this.#ofGroups.get(keyOf(directory, displayName)) ?? []) held.add(role);
      }
    }
    if (this.#ofProviders.size > 0) {
      for (const { issuer, roles } of await this.#ports.identities.list(account)) {
        const may = this.#ofProviders.get(issuer);
        for (const role of roles) if (may?.has(role) === true) held.add(role);
      }
    }
    return held;
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
