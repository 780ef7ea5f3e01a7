/** Deeper than any description a person would write; keeps every later walk off the end of the stack. */
export const DEPTH_MAX = 200;

export const TOO_DEEP = {
  message: `nested more than ${DEPTH_MAX} levels deep`,
  suggestion: "move the inner parts under 'components' and refer to them",
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
