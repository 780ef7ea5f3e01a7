import type { Handlers } from '../admin-api/index.ts';
import { AdminProblem } from '../messages/admin-problems.ts';

/** What became of a wish to put a waiting configuration in force. */
export type ApplyOutcome =
  | { readonly kind: 'in-force'; readonly version: number }
  /** Files changed since: another one waits now. */
  | { readonly kind: 'another-waits'; readonly digest: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'nothing-waits' };

/** Puts the configuration of this digest in force, and no other. */
export type ApplyConfiguration = (digest: string, operator: string) => Promise<ApplyOutcome>;

export function configurationRoutes(apply: ApplyConfiguration): Handlers<'applyConfiguration'> {
  return {
    async applyConfiguration({ body: { digest }, operator }) {
      const outcome = await apply(digest, operator.client);
      switch (outcome.kind) {
        case 'in-force':
          return { status: 200, body: { digest, version: outcome.version }, target: digest };
        case 'another-waits':
          throw new AdminProblem('configuration_waits', { reason: `digest ${outcome.digest}` });
        case 'refused':
          throw new AdminProblem('not_possible', { reason: outcome.reason });
        case 'nothing-waits':
          throw new AdminProblem('not_possible', { reason: 'nothing waits' });
        default:
          throw outcome satisfies never;
      }
    },
  };
}
