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

export type Handler = (act: Act) => Promise<Answer>;

/** Handlers by the operationId of the contract. */
export type Handlers = Readonly<Record<string, Handler>>;

export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** Null stays null: the contract has checked the form. */
export function milliseconds(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Date.parse(text);
}
