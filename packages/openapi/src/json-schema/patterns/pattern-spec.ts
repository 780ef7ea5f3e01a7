/**
 * A pattern judged by the compiler: run natively (proven linear), run as an automaton, or, where
 * neither is possible, matching nothing. Plain JSON.
 */
export type PatternSpec = PatternWords & PatternRun;

/** What it says of names, where it is written as a few words. */
export interface PatternWords {
  /** All that it looks for. */
  readonly words?: readonly PatternWord[];
  /** What a text that fits must not have. */
  readonly excluded?: readonly PatternWord[];
}

export interface PatternWord {
  /** Letters that may be of either case are in lower case. */
  readonly text: string;
  readonly at: 'whole' | 'start' | 'end' | 'anywhere';
}

type PatternRun =
  | {
      readonly kind: 'native';
      readonly source: string;
      /** Most characters looked at from each character of the text: what running it costs. */
      readonly charactersAStart: number;
    }
  | { readonly kind: 'automaton'; readonly program: Program }
  | { readonly kind: 'never' };

/** A nondeterministic automaton over code points. Instructions are flat tuples, see program.ts. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** Regular expressions, each for one single character. */
  readonly classes: readonly { readonly source: string; readonly flags: string }[];
  /** Look-arounds; inner ones come before those that contain them. */
  readonly looks: readonly Look[];
  readonly start: number;
  /** Every alternative begins with ^: nothing can match later. */
  readonly isAnchored: boolean;
}

export interface Look {
  readonly direction: 'ahead' | 'behind';
  readonly start: number;
}

export type Instruction =
  | readonly ['char', classIndex: number, next: number]
  | readonly ['split', left: number, right: number]
  | readonly ['jump', next: number]
  | readonly ['assert', kind: AssertKind, next: number]
  | readonly ['look', index: number, negate: boolean, next: number]
  | readonly ['match'];

export type AssertKind =
  | 'start'
  | 'end'
  | 'line-start'
  | 'line-end'
  | 'word'
  | 'not-word'
  | 'word-i'
  | 'not-word-i';
