import type { ImportedAccount } from '../../messages/admin-contract.generated.ts';

/** What cannot be taken over may be left out, where somebody says so by its name. */
export const LEAVABLE = ['password', 'code', 'identity', 'other'] as const;
export type Leavable = (typeof LEAVABLE)[number];

/** What is wrong with an account of a file; never a value of it. */
export interface GivenFault {
  /** A sentence about it, without a full stop. */
  readonly says: string;
  /** The account may come without it. */
  readonly kind?: Leavable;
}

/** One account as a file has it, before anybody has judged it. */
export interface GivenAccount {
  /** Where it begins. */
  readonly line: number;
  readonly wish: Partial<ImportedAccount>;
  readonly faults: readonly GivenFault[];
  /** What was never meant to come, in words, to be counted. */
  readonly passedOver: readonly string[];
}

/** The rest of the file cannot be read: nobody knows where the next account begins. */
export class UnreadableAccounts extends Error {
  override readonly name = 'UnreadableAccounts';
  readonly line: number;

  constructor(line: number, says: string, options: ErrorOptions = {}) {
    super(says, options);
    this.line = line;
  }
}

/** Of one account, as its file has it. */
export const ACCOUNT_CHARS_MAX = 262_144;
