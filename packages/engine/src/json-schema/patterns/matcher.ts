import { runAutomaton } from './automaton.ts';
import type { PatternSpec } from './pattern-spec.ts';

/** Is there a match anywhere in the text? In time linear in the text, whoever wrote it. */
export interface Matcher {
  test(text: string): boolean;
}

export function openMatcher(spec: PatternSpec): Matcher {
  switch (spec.kind) {
    case 'native':
      return new RegExp(spec.source, 'u');
    case 'automaton':
      return runAutomaton(spec.program);
    case 'never':
      return { test: () => false };
  }
}
