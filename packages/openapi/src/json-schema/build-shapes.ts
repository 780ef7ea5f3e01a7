import { type Keywords, type Report, readKeywords } from './dialects.ts';
import { discriminate } from './discriminator.ts';
import { forbiddenNames } from './forbidden.ts';
import { addCombinations, addReferences } from './in-place-rules.ts';
import { isRecord, type Location } from './locations.ts';
import { admitNull } from './nullable.ts';
import { addObjectRules } from './object-rules.ts';
import type { Alternatives } from './overlaps.ts';
import { judgePattern } from './patterns/judge-pattern.ts';
import type { PatternSpec } from './patterns/pattern-spec.ts';
import type { Registry } from './registry.ts';
import { enterResource, keyOf, type Scope } from './scope.ts';
import { type Shape, TYPE_BITS, type UnitIndex } from './shape.ts';
import type { CompileOptions } from './types.ts';
import { addArrayRules, addStringRules, addValueRules } from './value-rules.ts';

/** One schema that others can refer to, specialised for the scope it is applied in. */
export interface Unit {
  readonly index: UnitIndex;
  readonly location: Location;
  readonly scope: Scope;
  /** Filled when its turn comes; a unit may be referred to before that. */
  shape: Shape;
  /** Holds a property that one direction forbids. */
  mentionsDirection: boolean;
  /** Holds a member that this direction passes over. */
  cutsMembers: boolean;
}

export interface ShapeBuilder {
  readonly units: Unit[];
  readonly registry: Registry;
  readonly options: CompileOptions;
  readonly report: Report;
  /** Every `oneOf`, for remarks on its branches. */
  readonly alternatives: Alternatives[];
  unitFor(location: Location, scope: Scope): UnitIndex;
  /** A pattern is judged, and remarked on, where it is met first. */
  patternFor(source: string, location: Location, steps: readonly string[]): PatternSpec;
  readonly takenForNotes: Map<string, Location>;
  /** Whether this name of a format was not met before: remarks on it are made once. */
  isFirstFormat(format: string): boolean;
  /** Whether a better name is searched for another reference that leads nowhere. */
  maySuggest(): boolean;
  /** Whether the compilation may have another shape, which is counted. */
  mayBuild(): boolean;
  /** Builds what has been asked for and everything it refers to. */
  finish(): void;
}

/** Bounds for hostile documents: nesting of inline schemas, units and schemas of one compilation. */
const NESTING_MAX = 300;
const UNITS_MAX = 50_000;
const SHAPES_MAX = 1_000_000;
/** References for which a better name is searched: the search costs time. */
const SUGGESTIONS_MAX = 20;

const TOO_DEEP = `schemas are nested more than ${NESTING_MAX} levels deep here`;
const TOO_MANY = `the description needs more than ${UNITS_MAX} schemas, or ${SHAPES_MAX} parts of them: that is the limit`;

export function startBuilder(
  options: CompileOptions,
  registry: Registry,
  report: Report,
  keepsDirection: (location: Location, scope: Scope) => boolean,
): ShapeBuilder {
  const units: Unit[] = [];
  const indexes = new Map<string, UnitIndex>();
  const patterns = new Map<string, PatternSpec>();
  const formats = new Set<string>();
  let built = 0;
  let shapesBuilt = 0;
  let targetsMissed = 0;

  const builder: ShapeBuilder = {
    units,
    registry,
    options,
    report,
    alternatives: [],
    takenForNotes: new Map(),
    unitFor(location, given) {
      const entered = enterResource(given, location.resource, registry);
      const scope: Scope =
        entered.exempt.length > 0 || keepsDirection(location, entered)
          ? entered
          : { ...entered, direction: 'neither' };
      const key = keyOf(location, scope);
      const known = indexes.get(key);
      if (known !== undefined) return known;
      const index = units.length;
      indexes.set(key, index);
      units.push({
        index,
        location,
        scope,
        shape: { id: 0, never: true },
        mentionsDirection: false,
        cutsMembers: false,
      });
      return index;
    },
    patternFor(source, location, steps) {
      const known = patterns.get(source);
      if (known !== undefined) return known;
      const judged = judgePattern(source);
      for (const { severity, message, suggestion } of judged.notes) {
        report(severity, { location, steps }, message, suggestion);
      }
      patterns.set(source, judged.spec);
      return judged.spec;
    },
    isFirstFormat(format) {
      if (formats.has(format)) return false;
      formats.add(format);
      return true;
    },
    maySuggest: () => ++targetsMissed <= SUGGESTIONS_MAX,
    mayBuild: () => ++shapesBuilt <= SHAPES_MAX,
    finish() {
      for (; built < units.length; built++) {
        const unit = units[built]!;
        // What is not built stays a schema that allows nothing.
        if (built >= UNITS_MAX || shapesBuilt >= SHAPES_MAX) {
          report('error', { location: unit.location }, TOO_MANY);
          return;
        }
        unit.shape = buildUnit(builder, unit);
      }
    },
  };
  return builder;
}

/** The shape of a schema, with all that stands within it. */
function buildUnit(builder: ShapeBuilder, unit: Unit): Shape {
  const { registry, options, report } = builder;
  let shapes = 0;
  const newShape = (): Shape => ({ id: shapes++ });
  return build(unit.location, unit.scope, 0);

  function build(location: Location, outer: Scope, nesting: number): Shape {
    let shape = newShape();
    if (location.node === true) return shape;
    const isTooMuch = nesting > NESTING_MAX || !builder.mayBuild();
    if (!isRecord(location.node) || isTooMuch) {
      if (isTooMuch) report('error', { location }, nesting > NESTING_MAX ? TOO_DEEP : TOO_MANY);
      shape.never = true;
      return shape;
    }
    const entered = enterResource(outer, location.resource, registry);
    const scope = withExemptions(builder, entered, location);
    const keywords = readKeywords(location, builder);
    const deeper: Scope = { ...scope, dispatched: [], exempt: [] };
    const whole = shape;
    if (admitNull(keywords, location, options, report)) {
      shape = newShape();
      whole.anyOf = [{ ...newShape(), types: TYPE_BITS['null']! }, shape];
    }
    const part: Part = {
      ...{ unit, shape, newShape },
      location,
      keywords,
      scope,
      inPlace: (steps) => build(registry.child(location, ...steps), scope, nesting + 1),
      within: (steps) => build(registry.child(location, ...steps), deeper, nesting + 1),
    };
    addReferences(builder, part);
    addValueRules(builder, part);
    addStringRules(builder, part);
    addArrayRules(part);
    addObjectRules(builder, part);
    addCombinations(builder, part);
    if (keywords.has('discriminator')) discriminate(builder, part);
    return whole;
  }
}

/** Names that this direction forbids need not be there, though `required` lists them. */
function withExemptions(
  { registry, options }: ShapeBuilder,
  scope: Scope,
  location: Location,
): Scope {
  if (scope.direction === 'neither') return scope;
  const names = forbiddenNames(registry, location, scope.direction, options);
  if (names.size === 0) return scope;
  return { ...scope, exempt: [...new Set([...scope.exempt, ...names])].sort() };
}

/** One schema while its shape is being filled. */
export interface Part {
  readonly unit: Unit;
  readonly shape: Shape;
  readonly location: Location;
  readonly keywords: Keywords;
  readonly scope: Scope;
  /** Another shape of the unit. */
  newShape(): Shape;
  /** A subschema for the same instance location. */
  inPlace(steps: readonly string[]): Shape;
  /** A subschema for members or items. */
  within(steps: readonly string[]): Shape;
}
