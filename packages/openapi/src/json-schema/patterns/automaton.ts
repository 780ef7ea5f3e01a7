import type { Matcher } from './matcher.ts';
import type { AssertKind, Instruction, Program } from './pattern-spec.ts';
import { PatternWork, presentAccount } from './work.ts';

/** States and steps remembered before the table is emptied; bounds memory, not correctness. */
const STATES_MAX = 200;
const STEPS_MAX = 32_768;
/**
 * Larger states are not worth remembering: telling them apart costs more than computing them, and
 * a pattern that makes them makes many.
 */
const REMEMBERED_SIZE_MAX = 64;
/**
 * What steps cost, in instructions that could have been looked at instead: a new state is made and
 * found again, and a remembered one is only looked up.
 */
const STATE_COST = 16;
const LOOKUPS_A_STEP = 8;
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
  if (looks.length === 0) return { test: (text) => search.isFoundIn(text, presentAccount()) };

  const lookTables = looks.map(({ start }) => new Table(program, classes, start, true));
  return {
    test(text) {
      const work = presentAccount();
      const points = pointsOf(text);
      // Bit k of marks[i]: look-around k holds before character i.
      const marks = new Int32Array(points.length + 1);
      looks.forEach(({ direction }, k) => {
        lookTables[k]!.mark(points, marks, k, direction === 'ahead', work);
      });
      return search.isFoundAmong(points, marks, work);
    },
  };
}

function pointsOf(text: string): Int32Array {
  const points = new Int32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    points[count++] = point;
    if (point > 0xffff) i++;
  }
  return points.subarray(0, count);
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
  /** Steps over ASCII where no look-around holds, and those for each combination that does. */
  readonly ascii: (State | null)[];
  readonly marked: Map<number, (State | null)[]>;
  readonly others: Map<number, State>;
  /** A match ends here: set on states reached by a step that passed `match`. */
  readonly isMatch: boolean;
  readonly isRemembered: boolean;
}

const NO_STEPS: (State | null)[] = new Array<State | null>(128).fill(null);
const NO_MARKED_STEPS = new Map<number, (State | null)[]>();
const NO_OTHER_STEPS = new Map<number, State>();

class Table {
  private readonly instructions: readonly Instruction[];
  private readonly classes: readonly CharacterTest[];
  private readonly start: number;
  private readonly restarts: boolean;
  private states = new Map<string, State>();
  private steps = 0;
  private work = new PatternWork();
  private readonly visited: Int32Array;
  /** Marks what a step has put into the next state already. */
  private readonly reached: Int32Array;
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
    this.reached = new Int32Array(program.instructions.length);
  }

  isFoundIn(text: string, work: PatternWork): boolean {
    this.begin(work, text.length / LOOKUPS_A_STEP);
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

  isFoundAmong(points: Int32Array, marks: Int32Array, work: PatternWork): boolean {
    this.begin(work, points.length);
    let state = this.first();
    for (let i = 0; i <= points.length; i++) {
      state = this.step(state, i < points.length ? points[i]! : END, marks[i]!);
      if (state.isMatch) return true;
      if (state.waiting.length === 0) return false;
    }
    return false;
  }

  /** Sets bit k wherever a match ends (forward) or, running from the end, begins. */
  mark(
    points: Int32Array,
    marks: Int32Array,
    k: number,
    isBackward: boolean,
    work: PatternWork,
  ): void {
    this.begin(work, points.length);
    let state = this.first();
    const last = points.length;
    for (let i = 0; i <= last; i++) {
      const at = isBackward ? last - i : i;
      const next = i === last ? END : points[isBackward ? at - 1 : at]!;
      state = this.step(state, next, marks[at]!, isBackward);
      if (state.isMatch) marks[at]! |= 1 << k;
    }
  }

  private begin(work: PatternWork, lookups: number): void {
    this.work = work;
    work.spend(lookups);
  }

  private first(): State {
    return this.remember([this.start], END, false);
  }

  /** From `state` over the character `point`, with the look-arounds `marks` holding before it. */
  private step(state: State, point: number, marks: number, isBackward = false): State {
    if (!state.isRemembered) return this.compute(state, point, marks, isBackward);
    if (point >= 0 && point < 128) {
      const table = marks === 0 ? state.ascii : this.markedTable(state, marks);
      return (table[point] ??= this.compute(state, point, marks, isBackward));
    }
    // 0x110000 code points and the end; marks above that.
    const key = marks * 0x110001 + point + 1;
    const known = state.others.get(key);
    if (known !== undefined) return known;
    const next = this.compute(state, point, marks, isBackward);
    if (++this.steps > STEPS_MAX) this.forget();
    else state.others.set(key, next);
    return next;
  }

  private markedTable(state: State, marks: number): (State | null)[] {
    let table = state.marked.get(marks);
    if (table === undefined) {
      table = new Array<State | null>(128).fill(null);
      this.steps += table.length;
      if (this.steps > STEPS_MAX) this.forget();
      else state.marked.set(marks, table);
    }
    return table;
  }

  private compute(state: State, point: number, marks: number, isBackward: boolean): State {
    const { instructions, visited } = this;
    const { reached } = this;
    if (this.visit === 0x7fffffff) {
      visited.fill(0);
      reached.fill(0);
      this.visit = 0;
    }
    const visit = ++this.visit;
    const before = isBackward ? point : state.before;
    const after = isBackward ? state.before : point;
    const taken: number[] = [];
    let isMatch = false;
    let looked = 0;
    const stack: number[] = [...state.waiting];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (visited[at] === visit) continue;
      visited[at] = visit;
      looked++;
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
          if (reached[instruction[2]] === visit) break;
          if (point !== END && this.classes[instruction[1]]!(point)) {
            reached[instruction[2]] = visit;
            taken.push(instruction[2]);
          }
          break;
      }
    }
    this.work.spend(STATE_COST + looked);
    if (this.restarts && point !== END && reached[this.start] !== visit) taken.push(this.start);
    return this.remember(taken, point, isMatch);
  }

  private forget(): void {
    this.states = new Map();
    this.steps = 0;
  }

  private remember(waiting: number[], point: number, isMatch: boolean): State {
    const before = witness(point);
    if (waiting.length > REMEMBERED_SIZE_MAX) {
      return {
        waiting,
        before,
        isMatch,
        isRemembered: false,
        ascii: NO_STEPS,
        marked: NO_MARKED_STEPS,
        others: NO_OTHER_STEPS,
      };
    }
    waiting.sort((a, b) => a - b);
    const key = `${before} ${isMatch} ${waiting.join(' ')}`;
    let state = this.states.get(key);
    if (state === undefined) {
      if (this.states.size >= STATES_MAX) this.forget();
      state = {
        waiting,
        before,
        isMatch,
        isRemembered: true,
        ascii: new Array<State | null>(128).fill(null),
        marked: new Map(),
        others: new Map(),
      };
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
