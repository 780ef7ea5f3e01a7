import type { Handlers } from '../admin-api/index.ts';
import { AdminProblem } from '../messages/admin-problems.ts';
import type { OwnIssuer } from './own-issuer.ts';

/** Where the authorization server is. */
export function issuerRoutes(addresses: () => OwnIssuer['addresses']): Handlers<'readIssuer'> {
  return {
    async readIssuer() {
      const found = addresses();
      if (found === null) throw new AdminProblem('not_found');
      const { origin, certificates } = found;
      const discovery = [
        `${origin}/.well-known/openid-configuration`,
        `${origin}/.well-known/oauth-authorization-server`,
      ];
      const body = { origin, discovery, account: `${origin}/account`, certificates };
      return { status: 200, body };
    },
  };
}
