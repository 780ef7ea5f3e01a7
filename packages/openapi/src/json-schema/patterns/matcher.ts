import { runAutomaton } from './automaton.ts';
import type { PatternSpec } from './pattern-spec.ts';
import { presentAccount } from './work.ts';

/** Is there a match anywhere in the text? In time linear in the text, whoever wrote it. */
export interface Matcher {
  test(text: string): boolean;
}

export function openMatcher(spec: PatternSpec): Matcher {
  switch (spec.kind) {
    case 'native':
      return runNatively(spec.source, spec.charactersAStart);
    case 'automaton':
      return runAutomaton(spec.program);
    case 'never':
      return { test: () => false };
  }
}

/** Characters that the native engine looks at in the time of one step of the automaton. */
const CHARACTERS_A_STEP = 5;

function runNatively(source: string, charactersAStart: number): Matcher {
  const regExp = new RegExp(source, 'u');
  const stepsACharacter = charactersAStart / CHARACTERS_A_STEP;
  return {
    test(text) {
      presentAccount().spend(text.length * stepsACharacter);
      return regExp.test(text);
    },
  };
}
