import { escapeStep } from './locations.ts';
import type { SchemaViolation } from './types.ts';

/** The way to an instance location; spelled as a pointer only when somebody must read it. */
export interface Path {
  readonly parent: Path | null;
  readonly step: string | number;
}

export function pointerOf(path: Path | null): string {
  let pointer = '';
  for (let at = path; at !== null; at = at.parent) {
    pointer = `/${typeof at.step === 'number' ? at.step : escapeStep(at.step)}${pointer}`;
  }
  return pointer;
}

/** Members and items that some passing subschema has evaluated (2020-12 §11). */
export class Evaluated {
  readonly members = new Set<string>();
  allMembers = false;
  readonly indexes = new Set<number>();
  /** Every item before this one. */
  prefix = 0;

  merge(other: Evaluated): void {
    for (const name of other.members) this.members.add(name);
    for (const index of other.indexes) this.indexes.add(index);
    this.allMembers ||= other.allMembers;
    this.prefix = Math.max(this.prefix, other.prefix);
  }
}

export class Findings {
  readonly violations: SchemaViolation[] = [];
  readonly max: number;
  /** The value is valid: what is wanted is what it breaks all the same. */
  readonly seeksRemarks: boolean;
  constructor(max: number, seeksRemarks = false) {
    this.max = max;
    this.seeksRemarks = seeksRemarks;
  }
  get isFull(): boolean {
    return this.violations.length >= this.max;
  }
  add(path: Path | null, rule: string, member?: string, expected?: string): void {
    if (this.isFull) return;
    this.violations.push({
      pointer: pointerOf(path),
      rule,
      ...(member !== undefined && { member }),
      ...(expected !== undefined && { expected }),
    });
  }
}
