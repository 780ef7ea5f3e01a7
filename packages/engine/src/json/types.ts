import type { JsonTraits } from './traits.ts';

/** A JSON value as the reader returns it. Numbers a double cannot hold exactly arrive as ExactNumber. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | JsonValue[]
  | { [name: string]: JsonValue };

/**
 * A JSON number whose value a double does not carry exactly (9007199254740993, 1e400,
 * 0.1000000000000000055). The source text is the value; validators compare it in decimal.
 */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): number {
    return Number(this.text);
  }
}

export interface JsonBounds {
  /** Deepest nesting of arrays and objects accepted; the root container is depth 1. */
  readonly depthMax: number;
  /** Longest string (in UTF-16 units) accepted, names included. */
  readonly stringLengthMax: number;
  /** Most members in one object, and most items in one array. */
  readonly itemsMax: number;
}

/** Why a body is not acceptable JSON. The offset is in bytes; the value itself is never told. */
export interface JsonProblem {
  readonly rule:
    | 'syntax'
    | 'encoding'
    | 'duplicate-key'
    | 'depth'
    | 'string-length'
    | 'items'
    | 'number';
  readonly offset: number;
  /** RFC 6901 pointer of the place, as far as it was read. */
  readonly pointer: string;
}

export type JsonReading =
  /** Without `traits`, it has none that need a closer look. */
  | { readonly ok: true; readonly value: JsonValue; readonly traits?: JsonTraits }
  | { readonly ok: false; readonly problem: JsonProblem };
