import type { AST } from '@eslint-community/regexpp';
import type { AssertKind, Instruction, Look, Program } from './pattern-spec.ts';

/** The repetitions, written out, exceed INSTRUCTIONS_MAX. */
export class PatternTooLarge extends Error {}
export class PatternUnsupported extends Error {}

/** Bounds one step of the automaton, and with it the time per character of hostile text. */
const INSTRUCTIONS_MAX = 6000;
const LOOKS_MAX = 24;

/**
 * Writes a pattern as an automaton that only answers whether there is a match, so that greed,
 * captures and order of alternatives do not matter. Look-aheads are written backwards: running
 * them from the end of the text tells, in one pass, at which positions they hold.
 */
export function writeProgram(pattern: AST.Pattern): Program {
  const writer = new Writer();
  const match = writer.add(['match']);
  const start = writer.alternatives(pattern.alternatives, match, FORWARD);
  return {
    instructions: writer.instructions,
    classes: writer.classes,
    looks: writer.looks,
    start,
    isAnchored: pattern.alternatives.every(({ elements: [first] }) => {
      return first?.type === 'Assertion' && first.kind === 'start';
    }),
  };
}

interface Mode {
  readonly isBackward: boolean;
  readonly flags: { readonly i: boolean; readonly s: boolean; readonly m: boolean };
}
const FORWARD: Mode = { isBackward: false, flags: { i: false, s: false, m: false } };

class Writer {
  readonly instructions: Instruction[] = [];
  readonly classes: { source: string; flags: string }[] = [];
  readonly looks: Look[] = [];
  private readonly classIndexes = new Map<string, number>();
  private steps = 0;

  add(instruction: Instruction): number {
    if (this.instructions.length >= INSTRUCTIONS_MAX) throw new PatternTooLarge();
    return this.instructions.push(instruction) - 1;
  }

  /** Each method takes what comes after and returns where to enter. */
  alternatives(alternatives: readonly AST.Alternative[], next: number, mode: Mode): number {
    const entries = alternatives.map(({ elements }) => this.sequence(elements, next, mode));
    return entries.reduceRight((right, left) => this.add(['split', left, right]));
  }

  private sequence(elements: readonly AST.Element[], next: number, mode: Mode): number {
    // The last element taken is written first, because it must know nothing but its successor.
    const ordered = mode.isBackward ? elements : elements.toReversed();
    return ordered.reduce((entry, element) => this.element(element, entry, mode), next);
  }

  private element(element: AST.Element, next: number, mode: Mode): number {
    // Rounds of nothing add no instruction, so they are counted here.
    if (++this.steps > 4 * INSTRUCTIONS_MAX) throw new PatternTooLarge();
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
      case 'ExpressionCharacterClass':
        return this.add(['char', this.classIndex(element.raw, mode), next]);
      case 'CapturingGroup':
        return this.alternatives(element.alternatives, next, mode);
      case 'Group':
        return this.alternatives(element.alternatives, next, modified(mode, element.modifiers));
      case 'Quantifier':
        return this.repeated(element, next, mode);
      case 'Assertion':
        return this.assertion(element, next, mode);
      case 'Backreference':
        throw new PatternUnsupported(
          'the pattern refers back to a group, which no linear-time engine can check',
        );
    }
  }

  private repeated({ element, min, max }: AST.Quantifier, next: number, mode: Mode): number {
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.add(['jump', next]);
      const body = this.element(element, loop, mode);
      this.instructions[loop] = ['split', body, next];
      entry = loop;
    } else {
      for (let i = min; i < max; i++) {
        entry = this.add(['split', this.element(element, entry, mode), next]);
      }
    }
    for (let i = 0; i < min; i++) entry = this.element(element, entry, mode);
    return entry;
  }

  private assertion(assertion: AST.Assertion, next: number, mode: Mode): number {
    switch (assertion.kind) {
      case 'start':
      case 'end': {
        const kind: AssertKind = mode.flags.m ? `line-${assertion.kind}` : assertion.kind;
        return this.add(['assert', kind, next]);
      }
      case 'word': {
        const kind: AssertKind = `${assertion.negate ? 'not-' : ''}word`;
        return this.add(['assert', mode.flags.i ? `${kind}-i` : kind, next]);
      }
      case 'lookahead':
      case 'lookbehind': {
        if (this.looks.length >= LOOKS_MAX) throw new PatternTooLarge();
        const isAhead = assertion.kind === 'lookahead';
        const match = this.add(['match']);
        const inner = { isBackward: isAhead, flags: mode.flags };
        const start = this.alternatives(assertion.alternatives, match, inner);
        const index = this.looks.push({ direction: isAhead ? 'ahead' : 'behind', start }) - 1;
        return this.add(['look', index, assertion.negate, next]);
      }
    }
  }

  /** A class is kept as text: what \s, \p{…} or an ignored case mean stays the engine's business. */
  private classIndex(raw: string, { flags }: Mode): number {
    const all = `u${flags.i ? 'i' : ''}${flags.s ? 's' : ''}`;
    const key = `${all} ${raw}`;
    const known = this.classIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.classes.push({ source: `^(?:${raw})$`, flags: all }) - 1;
    this.classIndexes.set(key, index);
    return index;
  }
}

function modified(mode: Mode, modifiers: AST.Modifiers | null): Mode {
  if (modifiers === null) return mode;
  const { add, remove } = modifiers;
  const { i, s, m } = mode.flags;
  return {
    ...mode,
    flags: {
      i: (i || add.ignoreCase) && remove?.ignoreCase !== true,
      s: (s || add.dotAll) && remove?.dotAll !== true,
      m: (m || add.multiline) && remove?.multiline !== true,
    },
  };
}
