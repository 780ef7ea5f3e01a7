import type { AST } from '@eslint-community/regexpp';
import { classRanges, disjoint, type Ranges } from './class-ranges.ts';

/** Longest text an unanchored pattern may look at from each starting point. */
const UNANCHORED_REACH_MAX = 64;
/** Most single-character places: the proof compares them pairwise. */
const PLACES_MAX = 300;
/** Nested rounds of nothing add no place, so the work is bounded as well. */
const STEPS_MAX = 5000;
/** Most fixed rounds written out. */
const UNROLLED_MAX = 64;

/**
 * A conservative proof that backtracking stays linear. Each alternative is shown to be
 * *deterministic*: wherever it stands, the next character decides which place of the pattern may
 * take it (Brüggemann-Klein's strong determinism, so that no two loops compete either). Such a
 * pattern abandons a wrong guess at once. It must also be tried only once (^), or look no further
 * than a bounded distance from each starting point. What is not proven is not wrong, only unproven.
 *
 * Linear is not all: the native engine must also be right. Where a pattern ends in $ and does not
 * begin with ^, V8 14.6 looks at the end of the text first, and takes a class for one UTF-16 unit
 * wide: /[^a]$/u finds nothing in '😀'. Such patterns are not proven, on any runtime.
 */
export function proveLinear(pattern: AST.Pattern): Linear | undefined {
  let charactersAStart = 1;
  for (const alternative of pattern.alternatives) {
    const elements = [...alternative.elements];
    const isAnchored = isEdge(elements[0], 'start');
    if (isAnchored) elements.shift();
    if (isEdge(elements.at(-1), 'end')) {
      if (!isAnchored) return undefined;
      elements.pop();
    }
    const proof = new Proof();
    const part = proof.sequence(elements);
    if (part === undefined || !proof.isDeterministic(part)) return undefined;
    if (isAnchored) continue;
    if (part.reach > UNANCHORED_REACH_MAX) return undefined;
    charactersAStart += part.reach;
  }
  return { charactersAStart };
}

/** What the proof found out: the text is looked at no more than this often. */
export interface Linear {
  readonly charactersAStart: number;
}

const isEdge = (element: AST.Element | undefined, kind: 'start' | 'end'): boolean =>
  element?.type === 'Assertion' && element.kind === kind;

/** A piece of the pattern in terms of the places (single characters) it may begin and end with. */
interface Part {
  readonly first: number[];
  readonly last: number[];
  readonly isNullable: boolean;
  /** Most characters it can take. */
  readonly reach: number;
}

const ANYTHING: Ranges = [[0, 0x10ffff]];

const EMPTY: Part = { first: [], last: [], isNullable: true, reach: 0 };

function join(left: Part, right: Part): Part {
  return {
    first: left.isNullable ? [...left.first, ...right.first] : left.first,
    last: right.isNullable ? [...left.last, ...right.last] : right.last,
    isNullable: left.isNullable && right.isNullable,
    reach: left.reach + right.reach,
  };
}

class Proof {
  private readonly places: Ranges[] = [];
  /** Place → places that may follow, each noted once for every way to get there. */
  private readonly follow: number[][] = [];
  private steps = 0;

  isDeterministic(whole: Part): boolean {
    return this.isDecided(whole.first) && this.follow.every((next) => this.isDecided(next));
  }

  private isDecided(places: readonly number[]): boolean {
    for (let i = 0; i < places.length; i++) {
      for (let j = 0; j < i; j++) {
        // The same place twice means two ways to reach it, which is ambiguous as well.
        if (!disjoint(this.places[places[i]!]!, this.places[places[j]!]!)) return false;
      }
    }
    return true;
  }

  sequence(elements: readonly AST.Element[]): Part | undefined {
    let whole = EMPTY;
    for (const element of elements) {
      const part = this.element(element);
      if (part === undefined) return undefined;
      this.connect(whole.last, part.first);
      whole = join(whole, part);
    }
    return whole;
  }

  private element(element: AST.Element): Part | undefined {
    if (++this.steps > STEPS_MAX) return undefined;
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        // Of a set that only the native engine knows, nothing is known: it may hold any character.
        return this.place(classRanges(element) ?? ANYTHING);
      case 'Group':
        return element.modifiers === null ? this.alternatives(element.alternatives) : undefined;
      case 'CapturingGroup':
        return this.alternatives(element.alternatives);
      case 'Quantifier':
        return this.repeated(element);
      default:
        return undefined;
    }
  }

  private place(ranges: Ranges): Part | undefined {
    if (this.places.length >= PLACES_MAX) return undefined;
    const place = this.places.push(ranges) - 1;
    this.follow.push([]);
    return { first: [place], last: [place], isNullable: false, reach: 1 };
  }

  private alternatives(alternatives: readonly AST.Alternative[]): Part | undefined {
    const parts: Part[] = [];
    for (const alternative of alternatives) {
      const part = this.sequence(alternative.elements);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    const nullable = parts.filter((part) => part.isNullable).length;
    if (nullable > 1) return undefined;
    return {
      first: parts.flatMap((part) => part.first),
      last: parts.flatMap((part) => part.last),
      isNullable: nullable === 1,
      reach: Math.max(0, ...parts.map((part) => part.reach)),
    };
  }

  /** A fixed number of rounds is written out, for there the count decides and not the character. */
  private repeated({ element, min, max }: AST.Quantifier): Part | undefined {
    if (max === 0) return EMPTY;
    const fixed = min > UNROLLED_MAX ? 0 : max === min ? min : Math.max(0, min - 1);
    const before = this.sequence(new Array(fixed).fill(element));
    if (before === undefined || fixed === max) return before;
    const loop = this.loop(element, min - fixed, max - fixed);
    if (loop === undefined) return undefined;
    this.connect(before.last, loop.first);
    return join(before, loop);
  }

  private loop(element: AST.Element, min: number, max: number): Part | undefined {
    const part = this.element(element);
    // Empty rounds of a loop can be arranged in many ways.
    if (part === undefined || part.isNullable) return undefined;
    if (max > 1) this.connect(part.last, part.first);
    return { ...part, isNullable: min === 0, reach: part.reach * max };
  }

  private connect(from: readonly number[], to: readonly number[]): void {
    for (const place of from) this.follow[place]!.push(...to);
  }
}
