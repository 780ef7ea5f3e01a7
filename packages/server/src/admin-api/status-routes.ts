import type { Handlers } from './act.ts';

export interface Status {
  readonly version: string;
  readonly snapshot: { readonly compiled: number; readonly applied: number };
  readonly live: number;
  readonly gateways: readonly {
    readonly node: string;
    readonly isConnected: boolean;
    readonly live: number;
  }[];
  readonly attention: readonly { readonly code: string; readonly message: string }[];
}

/** What is in force, and what asks for somebody's attention. */
export function statusRoutes(status: () => Promise<Status>): Handlers {
  return {
    async readStatus() {
      return { status: 200, body: await status() };
    },
  };
}
