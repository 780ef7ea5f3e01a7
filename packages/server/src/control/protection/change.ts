import type { WeakeningGroup } from './weakening.ts';

/** What changed, and in what it protects less. */
export interface Change {
  readonly digest: string;
  readonly at: string;
  /** The first few of those that differ. */
  readonly files: readonly string[];
  readonly weakenings: readonly WeakeningGroup[];
  /** Of all weakenings, each operation counted. */
  readonly count: number;
}

export interface AppliedChange extends Change {
  /** Who said that it may be so; null: nobody was asked. */
  readonly approvedBy: string | null;
}
