import type { JsonTraits, JsonValue } from '../../json/index.ts';
import type { SchemaViolation, Validator } from '../../json-schema/types.ts';
import { setOwn } from './lexemes.ts';

interface Choice {
  readonly holder: object;
  readonly key: string | number;
  readonly readings: readonly JsonValue[];
  chosen: number;
}

/** Validations spent on one value before its first reading's violations stand. */
const ROUNDS_MAX = 64;

export interface DraftOptions {
  readonly isDividedOtherwise?: boolean;
  readonly isTrimmed?: boolean;
  readonly isInSentOrder?: boolean;
}

/**
 * A value read from text, where some texts have several readings: `5` under `number | string`.
 * The first reading is in place; settle() tries others only where the validator objects.
 */
export class Draft {
  readonly #top: { value: JsonValue } = { value: null };
  readonly #choices: Choice[] = [];
  readonly #byPointer = new Map<string, Choice[]>();
  /** Of the value, where they are known. */
  traits: JsonTraits | undefined;
  /** Lists and objects as some services divide them that do not follow the description. */
  readonly isDividedOtherwise: boolean;
  /** Where those services may read another value first: a pointer. */
  dividedAt: string | undefined;
  /** What lies between delimiters without the blanks around it, as other services read it. */
  readonly isTrimmed: boolean;
  /** Where such blanks stand first: a pointer. */
  blankAt: string | undefined;
  /** Items that bear an index in the order in which they were sent, as services have them that keep it. */
  readonly isInSentOrder: boolean;
  /** Where that is another order than that of the indices first: a pointer. */
  orderAt: string | undefined;

  constructor(options: DraftOptions = {}) {
    this.isDividedOtherwise = options.isDividedOtherwise ?? false;
    this.isTrimmed = options.isTrimmed ?? false;
    this.isInSentOrder = options.isInSentOrder ?? false;
  }

  /** This is what the description says, and what goes on. */
  get isAsDescribed(): boolean {
    return !this.isDividedOtherwise && !this.isTrimmed && !this.isInSentOrder;
  }

  get value(): JsonValue {
    return this.#top.value;
  }

  putTop(readings: readonly JsonValue[]): void {
    this.put(this.#top, 'value', '', readings);
  }

  put(holder: object, key: string | number, pointer: string, readings: readonly JsonValue[]): void {
    place(holder, key, readings[0] as JsonValue);
    if (readings.length < 2) return;
    const choice = { holder, key, readings, chosen: 0 };
    this.#choices.push(choice);
    const others = this.#byPointer.get(pointer);
    if (others === undefined) this.#byPointer.set(pointer, [choice]);
    else others.push(choice);
  }

  /** Violations of the first reading, unless some reading has none. */
  settle(validator: Validator): readonly SchemaViolation[] {
    const first = validator.validate(this.value);
    if (first.length === 0 || this.#choices.length === 0) return first;
    let violations = first;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const advanced = new Set<Choice>();
      let isStuck = false;
      for (const { pointer } of violations) {
        const choice = this.#choiceAt(pointer);
        if (choice === undefined) isStuck = true;
        else if (!advanced.has(choice)) {
          advanced.add(choice);
          choose(choice, choice.chosen + 1);
        }
      }
      if (isStuck) break;
      violations = validator.validate(this.value);
      if (violations.length === 0) return violations;
    }
    if (this.#tryCombinations(validator)) return [];
    for (const choice of this.#choices) choose(choice, 0);
    return first;
  }

  /** The choice at that place, or the nearest one around it, that has readings left. */
  #choiceAt(pointer: string): Choice | undefined {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const open = this.#byPointer
        .get(at)
        ?.find((choice) => choice.chosen + 1 < choice.readings.length);
      if (open !== undefined || at === '') return open;
    }
  }

  /** Violations above the choices (a `oneOf` around them) do not say which choice to change. */
  #tryCombinations(validator: Validator): boolean {
    for (const choice of this.#choices) choose(choice, 0);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const next = this.#choices.find((choice) => choice.chosen + 1 < choice.readings.length);
      if (next === undefined) return false;
      for (const choice of this.#choices) {
        if (choice === next) break;
        choose(choice, 0);
      }
      choose(next, next.chosen + 1);
      if (validator.validate(this.value).length === 0) return true;
    }
    return false;
  }
}

function choose(choice: Choice, index: number): void {
  choice.chosen = index;
  place(choice.holder, choice.key, choice.readings[index] as JsonValue);
}

function place(holder: object, key: string | number, value: JsonValue): void {
  if (typeof key === 'number') (holder as JsonValue[])[key] = value;
  else setOwn(holder, key, value);
}
