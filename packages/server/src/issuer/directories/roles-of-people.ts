import { groupNameOf, type HeldRoles } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { type OperatorRole, operatorRolesIn } from '../../messages/operator-roles.ts';

export interface RolesOfPeoplePorts {
  readonly snapshot: Pick<IssuerSnapshot, 'resources'>;
  readonly held: Pick<HeldRoles, 'of'>;
}

/** What people may do: at an API, and as operators of this server. */
export class RolesOfPeople {
  readonly #ports: RolesOfPeoplePorts;

  constructor(ports: RolesOfPeoplePorts) {
    this.#ports = ports;
  }

  /** RFC 9068 §2.2.3.1, for one API: no more of them than it asks for. Sorted, each once. */
  async at(account: string, audience: unknown): Promise<string[]> {
    const { snapshot, held } = this.#ports;
    const wanted =
      snapshot.resources.find(({ identifier }) => identifier === audience)?.roles ?? [];
    if (wanted.length === 0) return [];
    const roles = await held.of(account);
    return wanted.filter((role) => roles.has(role));
  }

  /** What somebody may do as an operator of this server. */
  async asOperator(account: string): Promise<OperatorRole[]> {
    return operatorRolesIn(await this.#ports.held.of(account));
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
