/** Deeper than any description a person would write; keeps every later walk off the end of the stack. */
export const DEPTH_MAX = 200;

export const TOO_DEEP = {
  message: `nested more than ${DEPTH_MAX} levels deep`,
  suggestion: "move the inner parts under 'components' and refer to them",
};

export const TOO_LONG = {
  message: 'a number of more than 2,048 characters, or with an exponent of more than 9 digits',
  suggestion: 'put it in quotes, where it is text; no limit needs as much',
};

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type ParsedText =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Where the keys (or list items) stand that the pointers name. */
      readonly positions: (pointers: readonly string[]) => Position[];
    }
  | ({ readonly ok: false; readonly message: string; readonly suggestion?: string } & Position);
