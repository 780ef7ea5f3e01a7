import type { Principal } from '@poorter/engine';
import type { Operations } from '../messages/admin-contract.generated.ts';

export type OperationId = keyof Operations;

/** As they stand in a path or a query: text, of which the contract has checked the form. */
type TextOf<Values> = { readonly [Name in keyof Values]: Text<Values[Name]> };
type Text<Value> = Value extends number | boolean ? `${Value}` : Value;

/** One call of the admin API, allowed and checked against the contract. */
export interface Act<Id extends OperationId> {
  readonly operator: Principal;
  readonly path: TextOf<Operations[Id]['path']>;
  readonly query: TextOf<Operations[Id]['query']>;
  readonly body: Operations[Id]['body'];
  /** The version in If-Match. */
  readonly version: number | undefined;
  readonly nowMs: number;
  /** Aborted when the caller has left: who only reads may stop. What changes something is done whole. */
  readonly left: AbortSignal;
}

/** What the contract lets an operation answer when it is done. What is refused is thrown. */
export type Answer<Id extends OperationId> = {
  readonly [Status in keyof Operations[Id]['answers']]: {
    readonly status: Status;
    readonly body: Operations[Id]['answers'][Status];
    /** The entity tag. */
    readonly version?: number;
    /** What was acted on, for the record: an id, never a value. */
    readonly target?: string;
  };
}[keyof Operations[Id]['answers']];

/** A verb that changes nothing, or one thing that is done whole or not at all. */
export type Handler<Id extends OperationId> = (act: Act<Id>) => Promise<Answer<Id>>;

/** A verb that changes what is stored. */
export interface Change<Id extends OperationId, Stores> {
  /**
   * Judges the act whole, and then changes what it asks for: in one transaction with its idempotency
   * record, through these stores and in no other way. Whatever it throws has changed nothing. It may
   * run more than once.
   */
  readonly change: (act: Act<Id>, stores: Stores) => Promise<Answer<Id>>;
  /**
   * Afterwards, and again for a caller who asks again: carries it to whoever decides by it. It is
   * stored by then: nothing that goes wrong here may say otherwise.
   */
  readonly spread: (act: Act<Id>, answer: Answer<Id>) => Promise<Answer<Id>>;
}

/** By the operationId of the contract. */
export type Handlers<Ids extends OperationId, Stores = unknown> = {
  readonly [Id in Ids]: Handler<Id> | Change<Id, Stores>;
};

/** As the host sees it, whatever the operation is. */
export interface AnyAct extends Pick<Act<OperationId>, 'operator' | 'version' | 'nowMs' | 'left'> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

export interface AnyAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly version?: number;
  readonly target?: string;
}

export type AnyHandler = (act: AnyAct) => Promise<AnyAnswer>;

export interface AnyChange<Stores> {
  readonly change: (act: AnyAct, stores: Stores) => Promise<AnyAnswer>;
  readonly spread: (act: AnyAct, answer: AnyAnswer) => Promise<AnyAnswer>;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function iso(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

/** Null stays null: the contract has checked the form. */
export function milliseconds(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Date.parse(text);
}
