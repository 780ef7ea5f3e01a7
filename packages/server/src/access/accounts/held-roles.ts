import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { type DirectoryGroupStore, groupNameOf } from './directory-group-store.ts';
import type { IdentityStore } from './identity-store.ts';

/** By what people have roles. */
export type RoleSources = Pick<IssuerSnapshot, 'directories' | 'federation'>;

export interface HeldRolesPorts {
  readonly sources: RoleSources;
  readonly groups: Pick<DirectoryGroupStore, 'groupsOf'>;
  readonly identities: Pick<IdentityStore, 'list'>;
}

/** Roles that people have because they are in a group of their directory, or because a provider says so at which they sign in. */
export class HeldRoles {
  readonly #ports: HeldRolesPorts;
  readonly #ofGroups: ReadonlyMap<string, readonly string[]>;
  /** What a provider may give at this moment, by its issuer. */
  readonly #ofProviders: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(ports: HeldRolesPorts) {
    this.#ports = ports;
    const { directories, federation } = ports.sources;
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

  async of(account: string): Promise<ReadonlySet<string>> {
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

function keyOf(directory: string, group: string): string {
  return JSON.stringify([directory, groupNameOf(group)]);
}
