import type { Principal } from '@poorter/engine';

/** One call of the admin API, allowed and checked against the contract. */
export interface Act {
  readonly operator: Principal;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
  /** The version in If-Match. */
  readonly version: number | undefined;
  readonly nowMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The entity tag. */
  readonly version?: number;
  /** What was acted on, for the record: an id, never a value. */
  readonly target?: string;
}

/** A verb that changes nothing, or one thing that is done whole or not at all. */
export type Handler = (act: Act) => Promise<Answer>;

/** A verb that changes what is stored. */
export interface Change<Stores> {
  /**
   * Judges the act whole, and then changes what it asks for: in one transaction with its idempotency
   * record, through these stores and in no other way. Whatever it throws has changed nothing. It may
   * run more than once.
   */
  readonly change: (act: Act, stores: Stores) => Promise<Answer>;
  /**
   * Afterwards, and again for a caller who asks again: carries it to whoever decides by it. It is
   * stored by then: nothing that goes wrong here may say otherwise.
   */
  readonly spread: (act: Act, answer: Answer) => Promise<Answer>;
}

/** By the operationId of the contract. */
export type Handlers<Stores = unknown> = Readonly<Record<string, Handler | Change<Stores>>>;

export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Null stays null: the contract has checked the form. */
export function milliseconds(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Date.parse(text);
}
