import type { Matcher } from './matcher.ts';
import type { AssertKind, Instruction, Program } from './pattern-spec.ts';

/** States and steps remembered before the table is emptied; bounds memory, not correctness. */
const STATES_MAX = 200;
const STEPS_MAX = 8192;
const END = -1;

/**
 * Runs an automaton as a table that is filled while it runs: each text character costs one look-up
 * once its state is known, and at most one pass over the instructions before.
 */
export function runAutomaton(program: Program): Matcher {
  const classes = program.classes.map(({ source, flags }) => characterClass(source, flags));
  const { looks } = program;
  const isAnchoredOnly = program.isAnchored;
  const search = new Table(program, classes, program.start, !isAnchoredOnly);
  if (looks.length === 0) return { test: (text) => search.isFoundIn(text) };

  const lookTables = looks.map(({ start }) => new Table(program, classes, start, true));
  return {
    test(text) {
      const points = Int32Array.from(text, (char) => char.codePointAt(0)!);
      // Bit k of marks[i]: look-around k holds before character i.
      const marks = new Int32Array(points.length + 1);
      looks.forEach(({ direction }, k) => {
        lookTables[k]!.mark(points, marks, k, direction === 'ahead');
      });
      return search.isFoundAmong(points, marks);
    },
  };
}

type CharacterTest = (point: number) => boolean;

function characterClass(source: string, flags: string): CharacterTest {
  const regExp = new RegExp(source, flags);
  const ascii = Uint8Array.from({ length: 128 }, (_, code) =>
    regExp.test(String.fromCharCode(code)) ? 1 : 0,
  );
  return (point) => (point < 128 ? ascii[point] === 1 : regExp.test(String.fromCodePoint(point)));
}

/** Instructions that wait for the next character, and what is known about the one before. */
interface State {
  readonly waiting: readonly number[];
  readonly before: number;
  readonly ascii: (State | null)[];
  readonly others: Map<number, State>;
  /** A match ends here: set on states reached by a step that passed `match`. */
  readonly isMatch: boolean;
}

class Table {
  private readonly instructions: readonly Instruction[];
  private readonly classes: readonly CharacterTest[];
  private readonly start: number;
  private readonly restarts: boolean;
  private states = new Map<string, State>();
  private steps = 0;
  private readonly visited: Int32Array;
  private visit = 0;

  constructor(
    program: Program,
    classes: readonly CharacterTest[],
    start: number,
    restarts: boolean,
  ) {
    this.instructions = program.instructions;
    this.classes = classes;
    this.start = start;
    this.restarts = restarts;
    this.visited = new Int32Array(program.instructions.length);
  }

  isFoundIn(text: string): boolean {
    let state = this.first();
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      let point = code;
      if (code >= 0xd800 && code <= 0xdbff) {
        point = text.codePointAt(i)!;
        if (point > 0xffff) i++;
      }
      state = (point < 128 ? state.ascii[point] : null) ?? this.step(state, point, 0);
      if (state.isMatch) return true;
      if (state.waiting.length === 0) return false;
    }
    return this.step(state, END, 0).isMatch;
  }

  isFoundAmong(points: Int32Array, marks: Int32Array): boolean {
    let state = this.first();
    for (let i = 0; i <= points.length; i++) {
      state = this.step(state, i < points.length ? points[i]! : END, marks[i]!);
      if (state.isMatch) return true;
      if (state.waiting.length === 0) return false;
    }
    return false;
  }

  /** Sets bit k wherever a match ends (forward) or, running from the end, begins. */
  mark(points: Int32Array, marks: Int32Array, k: number, isBackward: boolean): void {
    let state = this.first();
    const last = points.length;
    for (let i = 0; i <= last; i++) {
      const at = isBackward ? last - i : i;
      const next = i === last ? END : points[isBackward ? at - 1 : at]!;
      state = this.step(state, next, marks[at]!, isBackward);
      if (state.isMatch) marks[at]! |= 1 << k;
    }
  }

  private first(): State {
    return this.remember([this.start], END, false);
  }

  /** From `state` over the character `point`, with the look-arounds `marks` holding before it. */
  private step(state: State, point: number, marks: number, isBackward = false): State {
    const isAscii = marks === 0 && point >= 0 && point < 128;
    // 0x110000 code points and the end; marks above that.
    const key = marks * 0x110001 + point + 1;
    const known = isAscii ? state.ascii[point] : state.others.get(key);
    if (known != null) return known;
    const next = this.compute(state, point, marks, isBackward);
    if (isAscii) state.ascii[point] = next;
    else if (++this.steps < STEPS_MAX) state.others.set(key, next);
    else this.forget();
    return next;
  }

  private compute(state: State, point: number, marks: number, isBackward: boolean): State {
    const { instructions, visited } = this;
    const visit = ++this.visit;
    const before = isBackward ? point : state.before;
    const after = isBackward ? state.before : point;
    const taken: number[] = [];
    const seen = new Set<number>();
    let isMatch = false;
    const stack: number[] = [...state.waiting];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (visited[at] === visit) continue;
      visited[at] = visit;
      const instruction = instructions[at]!;
      switch (instruction[0]) {
        case 'match':
          isMatch = true;
          break;
        case 'jump':
          stack.push(instruction[1]);
          break;
        case 'split':
          stack.push(instruction[1], instruction[2]);
          break;
        case 'assert':
          if (holds(instruction[1], before, after)) stack.push(instruction[2]);
          break;
        case 'look':
          if (((marks >> instruction[1]) & 1) !== (instruction[2] ? 1 : 0)) {
            stack.push(instruction[3]);
          }
          break;
        case 'char':
          if (point !== END && this.classes[instruction[1]]!(point) && !seen.has(instruction[2])) {
            seen.add(instruction[2]);
            taken.push(instruction[2]);
          }
          break;
      }
    }
    if (this.restarts && point !== END && !seen.has(this.start)) taken.push(this.start);
    return this.remember(taken, point, isMatch);
  }

  private forget(): void {
    this.states = new Map();
    this.steps = 0;
  }

  private remember(waiting: number[], point: number, isMatch: boolean): State {
    const before = witness(point);
    waiting.sort((a, b) => a - b);
    const key = `${before} ${isMatch} ${waiting.join(' ')}`;
    let state = this.states.get(key);
    if (state === undefined) {
      if (this.states.size >= STATES_MAX) this.forget();
      state = { waiting, before, isMatch, ascii: new Array(128).fill(null), others: new Map() };
      this.states.set(key, state);
    }
    return state;
  }
}

const LINE_FEED = 10;
const LETTER = 97;
const LONG_S = 0x17f;
const OTHER = 32;

/** Assertions ask little of a character, so one stands for all that answer alike. */
function witness(point: number): number {
  if (point === END) return END;
  if (isWord(point)) return LETTER;
  if (point === LONG_S || point === 0x212a) return LONG_S;
  return isLineEnd(point) ? LINE_FEED : OTHER;
}

function holds(kind: AssertKind, before: number, after: number): boolean {
  switch (kind) {
    case 'start':
      return before === END;
    case 'end':
      return after === END;
    case 'line-start':
      return before === END || isLineEnd(before);
    case 'line-end':
      return after === END || isLineEnd(after);
    case 'word':
      return isWord(before) !== isWord(after);
    case 'not-word':
      return isWord(before) === isWord(after);
    case 'word-i':
      return isFoldedWord(before) !== isFoldedWord(after);
    case 'not-word-i':
      return isFoldedWord(before) === isFoldedWord(after);
  }
}

const isLineEnd = (point: number): boolean =>
  point === 10 || point === 13 || point === 0x2028 || point === 0x2029;

const isWord = (point: number): boolean =>
  (point >= 97 && point <= 122) ||
  (point >= 65 && point <= 90) ||
  (point >= 48 && point <= 57) ||
  point === 95;

/** Under i and u, ſ and K (Kelvin) fold to letters. */
const isFoldedWord = (point: number): boolean =>
  isWord(point) || point === LONG_S || point === 0x212a;
