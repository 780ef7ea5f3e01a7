import type { Contract } from '../../admin-api/index.ts';
import type { DirectoryGroupStore } from './directory-group-store.ts';
import type { DirectoryUserStore } from './directory-user-store.ts';
import { HeldRoles, type RoleSources } from './held-roles.ts';
import type { IdentityStore } from './identity-store.ts';

export interface AccountOriginsPorts {
  readonly users: Pick<DirectoryUserStore, 'ofAccount'>;
  readonly groups: Pick<DirectoryGroupStore, 'groupsOf'>;
  readonly identities: Pick<IdentityStore, 'list'>;
  /** Null where there is no authorization server. */
  readonly sources: () => RoleSources | null;
}

/** In an answer. */
const GROUPS_SHOWN_MAX = 1_000;

/** Which directory an account comes from, and what its holder may do by its groups or by what a provider says. */
export async function originOf(
  account: string,
  { users, groups, identities, sources }: AccountOriginsPorts,
): Promise<Pick<Contract.Account, 'directory' | 'roles'>> {
  const user = await users.ofAccount(account);
  const known = sources();
  const roles =
    known === null
      ? []
      : [...(await new HeldRoles({ sources: known, groups, identities }).of(account))].toSorted();
  const shown = { ...(roles.length > 0 && { roles }) };
  if (user === undefined) return shown;
  const memberships = (await groups.groupsOf([account])).get(account) ?? [];
  const names = [...new Set(memberships.map(({ displayName }) => displayName))].toSorted();
  const { directory: name, said } = user;
  const directory = {
    ...{ name, externalId: said.externalId },
    groups: names.slice(0, GROUPS_SHOWN_MAX),
  };
  return { directory, ...shown };
}
