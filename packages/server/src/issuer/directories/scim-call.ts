import type { Resource } from './filter.ts';

/** What a directory asks. */
export interface Asked {
  readonly directory: string;
  readonly query: URLSearchParams;
  /** The last part of the address. */
  readonly id: string;
  readonly body: Resource;
  readonly ifMatch: string | null;
  readonly ifNoneMatch: string | null;
}

export interface Answered {
  readonly status: number;
  /** Null: nothing. */
  readonly body: object | null;
  readonly location?: string;
  readonly tag?: string;
  /** Whom it is about, for the record. */
  readonly subject?: string;
}
