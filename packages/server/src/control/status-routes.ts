import type { Handlers } from '../admin-api/index.ts';

export interface Status {
  readonly version: string;
  readonly snapshot: { readonly compiled: number; readonly applied: number };
  readonly configuration: ConfigurationStatus;
  readonly live: number;
  readonly gateways: readonly {
    readonly node: string;
    readonly isConnected: boolean;
    readonly live: number;
  }[];
  readonly attention: readonly { readonly code: string; readonly message: string }[];
}

/** What became of the files as they are now. */
export interface ConfigurationStatus {
  /** In force, or not, and why. */
  readonly state: 'current' | 'refused' | 'waiting';
  /** Of what is in force. */
  readonly digest: string | null;
  readonly refused: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[];
  readonly waiting: WeakerConfiguration | null;
  /** The last change that made it protect less. */
  readonly weakened: (WeakerConfiguration & { readonly approvedBy: string | null }) | null;
}

interface WeakerConfiguration {
  readonly digest: string;
  readonly at: string;
  readonly files: readonly string[];
  readonly count: number;
  readonly weakenings: readonly {
    readonly kind: string;
    readonly api: string | null;
    readonly operation: { readonly method: string; readonly path: string } | null;
    readonly more: number;
    readonly sentence: string;
  }[];
}

/** What is in force, and what asks for somebody's attention. */
export function statusRoutes(status: () => Promise<Status>): Handlers {
  return {
    async readStatus() {
      return { status: 200, body: await status() };
    },
  };
}
