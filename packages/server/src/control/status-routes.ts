import type { Contract, Handlers } from '../admin-api/index.ts';

/** What is in force, and what asks for somebody's attention. */
export function statusRoutes(status: () => Promise<Contract.Status>): Handlers<'readStatus'> {
  return {
    async readStatus() {
      return { status: 200, body: await status() };
    },
  };
}
