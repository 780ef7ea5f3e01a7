import type { LinkEnd } from '../platform/link/index.ts';
import type { SpoolReception } from '../platform/spool/index.ts';

/** One connection, once its gateway has said who it is. */
export interface Session {
  readonly end: LinkEnd;
  /** Its entry in the book. */
  readonly key: string;
  readonly version: string;
  /** Of the snapshot that was sent last. */
  snapshotVersion: number;
  readonly told: Set<string>;
  passedOver: number;
  strangers: readonly string[];
  reception: SpoolReception | null;
  spoolTrouble: string | null;
}
