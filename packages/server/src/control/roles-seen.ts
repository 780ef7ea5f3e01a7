import type { Configuration } from '../configuration/schema.ts';
import type { RolesRead } from '../messages/between-processes.ts';
import type { Attention } from './serving.ts';

/** Issuers and claims are the configuration's; reloads may change them for years. */
const KNOWN_MAX = 1_000;

/** What gateways have read at the `rolesClaim` of issuers, for whoever asks what is wrong. */
export class RolesSeen {
  readonly #found = new Map<string, boolean>();

  /** A token that has roles settles it: others may well have none. */
  hear({ issuer, claim, isFound }: RolesRead): void {
    const name = nameOf(issuer, claim);
    if (!this.#found.has(name) && this.#found.size >= KNOWN_MAX) return;
    this.#found.set(name, isFound || this.#found.get(name) === true);
  }

  attention(trust: Configuration['trust'] | undefined): Attention[] {
    const empty = (trust?.issuers ?? []).filter(
      ({ issuer, rolesClaim }) =>
        rolesClaim !== undefined && this.#found.get(nameOf(issuer, rolesClaim)) === false,
    );
    return empty.map(({ issuer, rolesClaim }) => ({
      code: 'no_roles_found',
      message: `no token of ${issuer} so far carries anything at rolesClaim '${rolesClaim}'`,
    }));
  }
}

function nameOf(issuer: string, claim: string): string {
  return JSON.stringify([issuer, claim]);
}
