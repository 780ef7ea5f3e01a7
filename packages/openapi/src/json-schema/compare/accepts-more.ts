import { escapeStep } from '../locations.ts';
import { type Shape, TYPE_BITS } from '../shape.ts';
import type { ComparableSchemas } from './comparable.ts';
import { compareDiscriminators } from './compare-discriminators.ts';
import {
  ARRAY,
  below,
  compareCounts,
  compareListed,
  compareNumbers,
  compareOpen,
  compareStrings,
  here,
  INTEGER,
  kindsOf,
  type Loosening,
  NUMBER,
  OBJECT,
  OTHERS,
  STRING,
  textOf,
  UNDECIDED,
} from './compare-keywords.ts';
import {
  type Choice,
  type Conjunction,
  choices,
  conjunctionOf,
  itemShapes,
  memberNames,
  memberShapes,
  patternShapes,
  patternsOf,
  prefixLength,
  typesOf,
  valuesOf,
} from './conjunction.ts';
import { isOpenedWithin, type Rest, restsOf } from './openers.ts';
import { overlapping, requiredBy } from './overlapping.ts';
import { sameUnits } from './same-units.ts';
import { withoutChoice } from './without-choice.ts';

export interface Compared {
  readonly schemas: ComparableSchemas;
  /** Members that no schema documents are refused. */
  readonly isClosed: boolean;
}

/** A hostile pair of descriptions must not keep a reload waiting. */
const COMPARISONS_MAX = 100_000;
const DEPTH_MAX = 200;
const ALTERNATIVES_MAX = 64;
/** Of one pair; more help nobody. */
const FOUND_MAX = 50;

/**
 * In what the later of two schemas accepts more than the earlier. Whether one schema accepts all that
 * another does cannot be decided quickly in general: where it is doubtful, it is told. A member that is
 * described newly is not told, although it was refused before.
 */
export class SchemaComparison {
  readonly #old: Compared;
  readonly #next: Compared;
  readonly #known = new Map<string, readonly Loosening[]>();
  readonly #names = new Map<Shape, number>();
  readonly #same: ReadonlySet<number>;
  readonly #tellsNew: boolean;
  #reversed: SchemaComparison | null = null;
  #comparisons = 0;

  constructor(old: Compared, next: Compared, { tellsNew = false } = {}) {
    this.#tellsNew = tellsNew;
    this.#old = old;
    this.#next = next;
    const isAsClosed = old.isClosed === next.isClosed || next.isClosed;
    this.#same = isAsClosed ? sameUnits(old.schemas.shapes, next.schemas.shapes) : new Set();
  }

  /** Of two units. */
  loosenings(old: number, next: number): readonly Loosening[] {
    const [before, after] = [this.#old.schemas.shapes[old], this.#next.schemas.shapes[next]];
    if (before === undefined || after === undefined) return [UNDECIDED];
    if (old === next && this.#same.has(old)) return [];
    return this.#compare([before], [after], 0);
  }

  #compare(old: readonly Shape[], next: readonly Shape[], depth: number): readonly Loosening[] {
    const unit = onlyReference(old);
    if (unit !== null && unit === onlyReference(next) && this.#same.has(unit)) return [];
    const key = `${this.#nameAll(old)}/${this.#nameAll(next)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (depth > DEPTH_MAX || ++this.#comparisons > COMPARISONS_MAX) return [UNDECIDED];
    // What leads back to itself adds nothing.
    this.#known.set(key, []);
    const before = conjunctionOf(old, this.#old.schemas.shapes);
    const after = conjunctionOf(next, this.#next.schemas.shapes);
    const found = this.#compareWhole(before, after, depth).slice(0, FOUND_MAX);
    this.#known.set(key, found);
    return found;
  }

  #compareWhole(before: Conjunction, after: Conjunction, depth: number): readonly Loosening[] {
    if (after.isNever) return [];
    if (before.isNever) return [here('what was refused passes')];
    const found = this.#compareConjunctions(before, after, depth);
    if (found.length === 0) return found;
    // What each alternative asks for is asked for. Of several choices, the combinations are too many.
    const [choice, ...others] = choices(after);
    if (choice === undefined || others.length > 0) return found;
    const { alternatives } = choice;
    if (alternatives.length > ALTERNATIVES_MAX) return found;
    // Without its alternatives, a shape would seem to leave more to its `unevaluatedProperties` than it does.
    if (isOpenedWithin(after, this.#next.schemas.shapes)) return found;
    const rest = withoutChoice(after.shapes, alternatives);
    const isCovered = alternatives.every(
      (one) => this.#compare(before.shapes, [...rest, one], depth + 1).length === 0,
    );
    return isCovered ? [] : found;
  }

  #compareConjunctions(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const listed = valuesOf(after);
    const [was, is] = [typesOf(before), listed === null ? typesOf(after) : kindsOf(listed)];
    const found = listed === null ? compareOpen(before, is) : compareListed(before, listed);
    // Of other types, the rules below say nothing.
    const common = is & was;
    if (common & (NUMBER | INTEGER)) found.push(...compareNumbers(before, after, listed));
    if (common & STRING) found.push(...compareStrings(before, after, listed));
    if (common & ARRAY) found.push(...this.#compareArrays(before, after, depth));
    if (common & OBJECT) found.push(...this.#compareObjects(before, after, depth));
    for (const choice of choices(before)) {
      found.push(...this.#compareChoice(choice, before, after, depth));
    }
    found.push(...this.#compareOthers(before, after));
    if (common & OBJECT) found.push(...this.#compareDiscriminators(before, after, depth));
    return withoutRepeated(found);
  }

  #compareArrays(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const found = compareCounts(before, after, 'array');
    const isUnique = ({ shapes }: Conjunction) => shapes.some(({ uniqueItems }) => uniqueItems);
    if (isUnique(before) && !isUnique(after)) found.push(here('uniqueItems gone'));
    const [was, is] = this.#rests(before, after, 'items');
    const described = Math.max(prefixLength(before), prefixLength(after));
    const indexes = [...Array.from({ length: described }, (_, index) => index), null];
    for (const index of indexes) {
      const [old, next] = [itemShapes(before, index, was), itemShapes(after, index, is)];
      const items = this.#compare(old, next, depth + 1);
      found.push(...items.map((one) => below(index === null ? '*' : String(index), one)));
    }
    if (!this.#asksAsMuch(was, is)) found.push(here('unevaluatedItems may accept more'));
    return found;
  }

  #compareObjects(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    const found = compareCounts(before, after, 'object');
    const still = requiredBy(after);
    for (const name of requiredBy(before)) {
      if (!still.includes(name))
        found.push({ pointer: `/${escapeStep(name)}`, what: 'not required' });
    }
    const [was, is] = this.#rests(before, after, 'members');
    const known = memberNames(before);
    for (const name of [...new Set([...known, ...memberNames(after)]), null]) {
      const old = memberShapes(before, name, was);
      // What is described newly is not told; what was held against something is.
      const isNew = name !== null && !known.includes(name);
      if (isNew && !this.#tellsNew && this.#isNever(old)) continue;
      const members = this.#compare(old, memberShapes(after, name, is), depth + 1);
      found.push(...members.map((one) => below(name ?? '*', one)));
    }
    found.push(...this.#comparePatterns(before, after, [was, is], depth));
    const isRefused = conjunctionOf(memberShapes(after, null, is), this.#next.schemas.shapes);
    if (!isRefused.isNever && !this.#asksAsMuch(was, is)) {
      found.push(below('*', here('what was refused may pass')));
    }
    return found;
  }

  #comparePatterns(
    before: Conjunction,
    after: Conjunction,
    [was, is]: readonly [readonly Rest[], readonly Rest[]],
    depth: number,
  ): Loosening[] {
    const found: Loosening[] = [];
    const [old, next] = [patternsOf(before), patternsOf(after)];
    const areSame = old.length === next.length && old.every((one) => next.includes(one));
    for (const pattern of new Set([...old, ...next])) {
      const held = patternShapes(before, pattern, was, true);
      const members = this.#compare(
        held,
        patternShapes(after, pattern, is, areSame),
        depth + 1,
      ).slice();
      if (next.includes(pattern)) {
        found.push(...members.map((one) => below('*', one)));
        continue;
      }
      // A name that is listed may be one that the pattern was for.
      for (const name of memberNames(after)) {
        members.push(...this.#compare(held, memberShapes(after, name, is), depth + 1));
      }
      if (members.length === 0) continue;
      found.push(here(next.length === 0 ? 'patternProperties gone' : 'another patternProperties'));
    }
    return found;
  }

  #rests(
    before: Conjunction,
    after: Conjunction,
    kind: 'members' | 'items',
  ): [readonly Rest[], readonly Rest[]] {
    const [old, next] = [this.#old, this.#next];
    return [
      restsOf(before, kind, old.schemas.shapes, old.isClosed),
      restsOf(after, kind, next.schemas.shapes, next.isClosed),
    ];
  }

  /** Of what is asked only where no branch describes it: that the branches are those that there were. */
  #asksAsMuch(was: readonly Rest[], is: readonly Rest[]): boolean {
    const [old, next] = [this.#old.schemas.shapes, this.#next.schemas.shapes];
    return was.every(({ schema, branches }) => {
      if (branches.length === 0) return true;
      const known = new Set(branches.map((branch) => textOf(branch, old)));
      return is.some(
        (rest) =>
          textOf(rest.schema, next) === textOf(schema, old) &&
          rest.branches.every((branch) => known.has(textOf(branch, next))),
      );
    });
  }

  #isNever(shapes: readonly Shape[]): boolean {
    return conjunctionOf(shapes, this.#old.schemas.shapes).isNever;
  }

  #compareChoice(
    choice: Choice,
    before: Conjunction,
    after: Conjunction,
    depth: number,
  ): readonly Loosening[] {
    if (choice.alternatives.length > ALTERNATIVES_MAX) return this.#sameChoice(choice, after);
    const found = this.#compareAlternatives(choice, after, depth);
    const isKept = found.length > 0 || this.#staysExclusive(choice, before, after, depth);
    return isKept ? found : [here('what fits several of oneOf may pass')];
  }

  /** What was refused because it fits several is refused for that, too: none of them became narrower. */
  #staysExclusive(
    { keyword, alternatives }: Choice,
    before: Conjunction,
    after: Conjunction,
    depth: number,
  ): boolean {
    if (keyword === 'anyOf') return true;
    const rivals = overlapping(alternatives, this.#old.schemas.shapes);
    if (rivals.length === 0) return true;
    const owner = before.shapes.find(({ oneOf }) => oneOf === alternatives);
    if (this.#isAlwaysChosen(owner, after)) return true;
    const reversed = this.#reverse();
    return choices(after).some((rival) => {
      if (rival.keyword === 'anyOf' || rival.alternatives.length > ALTERNATIVES_MAX) return false;
      const left = [...rival.alternatives];
      return rivals.every((old) => {
        const text = textOf(old, this.#old.schemas.shapes);
        const at = left.findIndex(
          (next) =>
            textOf(next, this.#next.schemas.shapes) === text ||
            reversed.#compare([next], [old], depth + 1).length === 0,
        );
        if (at >= 0) left.splice(at, 1);
        return at >= 0;
      });
    });
  }

  /** By a member that each alternative needs: that others fit, too, was no fault. */
  #isAlwaysChosen(owner: Shape | undefined, after: Conjunction): boolean {
    const { discriminator, oneOf = [] } = owner ?? {};
    if (discriminator?.isOptional !== true) return false;
    const { property } = discriminator;
    const units = this.#old.schemas.shapes;
    return (
      oneOf.every((one) => requiredBy(conjunctionOf([one], units)).includes(property)) &&
      after.shapes.some((shape) => shape.discriminator?.property === property)
    );
  }

  #reverse(): SchemaComparison {
    if (this.#reversed !== null) return this.#reversed;
    const reversed = new SchemaComparison(this.#next, this.#old, { tellsNew: true });
    this.#reversed = reversed;
    // As strict as this one is, or a schema that leads back to itself would be turned for ever.
    reversed.#reversed = this.#tellsNew
      ? this
      : new SchemaComparison(this.#old, this.#next, { tellsNew: true });
    reversed.#reversed.#reversed = reversed;
    return reversed;
  }

  /** Each alternative of the later one must accept no more than one of the earlier one. */
  #compareAlternatives(
    { keyword, alternatives }: Choice,
    after: Conjunction,
    depth: number,
  ): readonly Loosening[] {
    const fits = (next: readonly Shape[]) =>
      alternatives.some((old) => this.#compare([old], next, depth + 1).length === 0);
    if (fits(after.shapes)) return [];
    // `type: [string, null]` may be what two alternatives were.
    const types = typesOf(after);
    const single = ONE_TYPE.filter((shape) => types & (shape.types as number));
    if (single.every((shape) => fits([...after.shapes, shape]))) return [];
    const rivals = choices(after).filter((other) => isAsStrict(other.keyword, keyword));
    let nearest: readonly Loosening[] | null = null;
    for (const rival of rivals) {
      if (rival.alternatives.length > ALTERNATIVES_MAX) continue;
      const open = rival.alternatives.filter((next) => !fits([next]));
      if (open.length === 0) return [];
      if (nearest !== null) continue;
      nearest = open.flatMap((next) => {
        const old = alternatives[rival.alternatives.indexOf(next)];
        if (old === undefined) return [here(`another alternative of ${keyword}`)];
        return this.#compare([old], [next], depth + 1);
      });
    }
    return nearest ?? [here(`${keyword} gone`)];
  }

  #sameChoice({ keyword, alternatives }: Choice, after: Conjunction): Loosening[] {
    const text = textOf(alternatives, this.#old.schemas.shapes);
    const isSame = choices(after).some(
      (other) => textOf(other.alternatives, this.#next.schemas.shapes) === text,
    );
    return isSame ? [] : [here(`${keyword} may accept more`)];
  }

  #compareDiscriminators(before: Conjunction, after: Conjunction, depth: number): Loosening[] {
    return compareDiscriminators(before, after, {
      before: this.#old.schemas.shapes,
      after: this.#next.schemas.shapes,
      isSame: (unit) => this.#same.has(unit),
      compare: (old, next) => this.#compare([old], [next], depth + 1),
    });
  }

  #compareOthers(before: Conjunction, after: Conjunction): Loosening[] {
    return Object.entries(OTHERS).flatMap(([name, read]) => {
      const textsOf = ({ shapes }: Conjunction, { schemas }: Compared) =>
        shapes.flatMap((shape) => {
          const value = read(shape);
          return value === undefined ? [] : [textOf(value, schemas.shapes)];
        });
      const is = textsOf(after, this.#next);
      const lost = textsOf(before, this.#old).filter((text) => !is.includes(text));
      if (lost.length === 0) return [];
      return [here(is.length === 0 ? `${name} gone` : `another ${name}`)];
    });
  }

  #nameAll(shapes: readonly Shape[]): string {
    const names = shapes.map((shape) => {
      const name = this.#names.get(shape) ?? this.#names.size;
      this.#names.set(shape, name);
      return name;
    });
    return names.sort((one, other) => one - other).join();
  }
}

function withoutRepeated(found: readonly Loosening[]): Loosening[] {
  return [...new Map(found.map((one) => [`${one.pointer} ${one.what}`, one])).values()];
}

function onlyReference([shape, ...others]: readonly Shape[]): number | null {
  if (shape?.refs?.length !== 1 || others.length > 0 || Object.keys(shape).length !== 2)
    return null;
  return shape.refs[0] as number;
}

const ONE_TYPE: readonly Shape[] = [
  ...['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'].map((name) => ({
    ...{ id: 0, types: TYPE_BITS[name] as number },
  })),
];

function isAsStrict(next: Choice['keyword'], old: Choice['keyword']): boolean {
  return old === 'anyOf' || next === 'oneOf';
}
