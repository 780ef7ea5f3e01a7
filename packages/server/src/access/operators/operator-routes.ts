import {
  type Contract,
  type Handlers,
  iso,
  isoTime,
  milliseconds,
  pageLimit,
} from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { Operator, OperatorStore } from './index.ts';

export interface OperatorRoutePorts {
  readonly operators: OperatorStore;
  /** The gate in front of this API knows what is stored now. */
  readonly operatorsChanged: () => Promise<void>;
}

/** Who may administer Poorter. */
export function operatorRoutes({
  operators,
  operatorsChanged,
}: OperatorRoutePorts): Handlers<
  'listOperators' | 'createOperator' | 'revokeOperator',
  { readonly operators: OperatorStore }
> {
  return {
    async listOperators({ query }) {
      const page = await operators.list({
        limit: pageLimit(query),
        ...(query.cursor !== undefined && { cursor: query.cursor }),
      });
      return { status: 200, body: { items: page.items.map(shownOperator), next: page.next } };
    },

    createOperator: {
      async change({ body, nowMs, operator: maker }, stores) {
        const expiresAt = milliseconds(body.expires);
        if (expiresAt !== null && !(expiresAt > nowMs)) {
          throw new AdminProblem('value_not_acceptable', { reason: 'expires: lies in the past' });
        }
        const { name, roles } = body;
        const wish = { name, roles, expiresAt, createdBy: maker.client };
        const { credential, operator } = await stores.operators.create(wish);
        return {
          status: 201,
          body: { operator: shownOperator(operator), key: credential },
          target: operator.id,
        };
      },
      async spread(_, answer) {
        // A credential that was made must not be lost with its answer: it is known a moment later.
        await operatorsChanged().catch(() => undefined);
        return answer;
      },
    },

    revokeOperator: {
      async change({ path, operator }, stores) {
        const { id } = path;
        // The last way in must not be locked from the inside.
        if (id === operator.client) throw new AdminProblem('not_possible', { reason: 'yourself' });
        const revoked = await stores.operators.revoke(id);
        return { status: 200, body: shownOperator(revoked), target: id };
      },
      async spread(_, answer) {
        try {
          await operatorsChanged();
        } catch {
          throw new AdminProblem('not_everywhere_yet', { gateways: ['control'] });
        }
        return answer;
      },
    },
  };
}

function shownOperator(operator: Operator): Contract.Operator {
  return {
    id: operator.id,
    name: operator.name,
    roles: operator.roles,
    created: isoTime(operator.createdAt),
    expires: iso(operator.expiresAt),
    revoked: iso(operator.revokedAt),
    lastUsed: iso(operator.lastUsedAt),
    account: operator.accountId,
    createdBy: operator.createdBy,
  };
}
