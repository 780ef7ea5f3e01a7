import type { Contract, Handlers } from '../admin-api/index.ts';
import { AdminProblem } from '../messages/admin-problems.ts';

/** Gateways on other machines, as an operator sees and forgets them. */
export interface GatewayDesk {
  list(): readonly Contract.Gateway[];
  /** How many machines of that name were taken out; null: one is connected. */
  remove(name: string): number | null;
}

/** For whom a revocation waits. */
export function gatewayRoutes(desk: GatewayDesk): Handlers<'listGateways' | 'removeGateway'> {
  return {
    async listGateways() {
      return { status: 200, body: { items: desk.list() } };
    },

    async removeGateway({ path: { name } }) {
      const removed = desk.remove(name);
      if (removed === null) throw new AdminProblem('not_possible', { reason: 'connected' });
      if (removed === 0) throw new AdminProblem('not_found');
      return { status: 200, body: { removed }, target: name };
    },
  };
}
