import assert from 'node:assert/strict';
import type { Draw } from './memory-disk.fixture.ts';

type LineState = 'in memory' | 'written' | 'promised' | 'perhaps lost';

export interface Line {
  readonly text: string;
  readonly writer: string;
  readonly isCounted: boolean;
  state: LineState;
}

interface Transaction {
  readonly lines: readonly string[];
  readonly cursors: readonly (readonly [string, string | null])[];
  readonly missing: number;
  readonly lost: number;
}

/** The log: transactions, of which a power cut may undo those after the last durable one. */
export class Ledger {
  #kept: Transaction[] = [];
  #durable = 0;

  append(transaction: Transaction, isDurable: boolean): void {
    this.#kept.push(transaction);
    if (isDurable) this.#durable = this.#kept.length;
  }

  powerCut(draw: Draw): void {
    const undoable = this.#kept.length - this.#durable;
    this.#kept.length = this.#durable + draw(undoable + 1);
    this.#durable = this.#kept.length;
  }

  get lines(): string[] {
    return this.#kept.flatMap(({ lines }) => lines);
  }

  get cursors(): Map<string, string> {
    const cursors = new Map<string, string>();
    for (const [name, text] of this.#kept.flatMap(({ cursors: changed }) => changed)) {
      if (text === null) cursors.delete(name);
      else cursors.set(name, text);
    }
    return cursors;
  }

  sum(of: 'missing' | 'lost'): number {
    return this.#kept.reduce((sum, transaction) => sum + transaction[of], 0);
  }
}

/** Each line that must be there is there once and in order. `account` holds what is told as missing against it. */
export function checkRecorded(
  number: number,
  lines: readonly Line[],
  ledger: Ledger,
): { account(): void } {
  const seed = `seed ${number}`;
  const recorded = ledger.lines;
  const there = new Set(recorded);
  assert.equal(
    there.size,
    recorded.length,
    `${seed}: a line was recorded twice: ${recorded.find((text, at) => recorded.indexOf(text) !== at)}`,
  );
  const known = new Map(lines.map((line) => [line.text, line]));
  const last = new Map<string, string>();
  for (const text of recorded) {
    const line = known.get(text);
    assert.ok(line !== undefined, `${seed}: nobody wrote ${text}`);
    const before = last.get(line.writer) ?? '';
    assert.ok(before < text, `${seed}: out of order: ${before} then ${text}`);
    last.set(line.writer, text);
  }
  let unrecorded = 0;
  for (const { text, state, isCounted } of lines) {
    if (there.has(text)) continue;
    assert.ok(state === 'in memory' || state === 'perhaps lost', `${seed}: lost ${state} ${text}`);
    if (isCounted) unrecorded++;
  }
  return {
    account() {
      assert.equal(ledger.sum('missing'), 0, `${seed}: lines are told as missing`);
      assert.equal(ledger.sum('lost'), unrecorded, `${seed}: the account of what was lost`);
    },
  };
}

export function drawFrom(seed: number): Draw {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}
