import { countOf, setCount } from './counts.ts';
import { hasFormatAssertion, type Keywords, type Report, readKeywords } from './dialects.ts';
import { discriminate } from './discriminator.ts';
import { forbiddenNames, forbiddenRule } from './forbidden.ts';
import { nearestTarget } from './nearest-target.ts';
import { admitNull } from './nullable.ts';
import type { Alternatives } from './overlaps.ts';
import { judgePattern } from './patterns/judge-pattern.ts';
import type { PatternSpec } from './patterns/pattern-spec.ts';
import { isRecord, type Location, type Registry } from './registry.ts';
import { enterResource, keyOf, type Scope } from './scope.ts';
import { type Forbidden, type NumberRule, type Shape, TYPE_BITS, type UnitIndex } from './shape.ts';
import type { CompileOptions } from './types.ts';
import { writeValue } from './value-text.ts';

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
  let built = 0;
  let shapesBuilt = 0;
  let targetsMissed = 0;

  const builder: ShapeBuilder = {
    units,
    registry,
    options,
    report,
    alternatives: [],
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
    finish() {
      for (; built < units.length; built++) {
        const unit = units[built]!;
        // What is not built stays a schema that allows nothing.
        if (built >= UNITS_MAX || shapesBuilt >= SHAPES_MAX) {
          report('error', { location: unit.location }, TOO_MANY);
          return;
        }
        unit.shape = buildShapes(unit);
      }
    },
  };

  function buildShapes(unit: Unit): Shape {
    let shapes = 0;

    function build(location: Location, outer: Scope, nesting: number): Shape {
      let shape: Shape = { id: shapes++ };
      if (location.node === true) return shape;
      const isTooMuch = nesting > NESTING_MAX || ++shapesBuilt > SHAPES_MAX;
      if (!isRecord(location.node) || isTooMuch) {
        if (isTooMuch) report('error', { location }, nesting > NESTING_MAX ? TOO_DEEP : TOO_MANY);
        shape.never = true;
        return shape;
      }
      const entered = enterResource(outer, location.resource, registry);
      const scope = withExemptions(entered, location);
      const keywords = readKeywords(location, options, registry, report);
      const deeper: Scope = { ...scope, dispatched: [], exempt: [] };
      const whole = shape;
      if (admitNull(keywords, location, options, report)) {
        shape = { id: shapes++ };
        whole.anyOf = [{ id: shapes++, types: TYPE_BITS['null']! }, shape];
      }
      const part: Part = {
        shape,
        location,
        keywords,
        scope,
        inPlace: (steps) => build(child(location, steps), scope, nesting + 1),
        within: (steps) => build(child(location, steps), deeper, nesting + 1),
      };
      addReferences(part);
      addValueRules(part);
      addStringRules(part);
      addArrayRules(part);
      addObjectRules(part);
      addCombinations(part);
      if (keywords.has('discriminator')) discriminate(builder, part);
      return whole;
    }

    const child = (location: Location, steps: readonly string[]) =>
      registry.child(location, ...steps);

    function withExemptions(scope: Scope, location: Location): Scope {
      if (scope.direction === 'neither') return scope;
      const names = forbiddenNames(registry, location, scope.direction, options);
      if (names.size === 0) return scope;
      return { ...scope, exempt: [...new Set([...scope.exempt, ...names])].sort() };
    }

    function addReferences({ shape, location, keywords, scope }: Part): void {
      for (const keyword of ['$ref', '$dynamicRef']) {
        const found = keywords.get(keyword);
        if (found === undefined) continue;
        const ref = found.value as string;
        let target = registry.resolve(ref, location.resource);
        if (keyword === '$dynamicRef' && target !== undefined) {
          const name = ref.slice(ref.indexOf('#') + 1);
          const isDynamic = target.resource.dynamicAnchors.has(name);
          if (isDynamic) target = scope.dynamic.get(name) ?? target;
        }
        if (target === undefined || !(isRecord(target.node) || typeof target.node === 'boolean')) {
          const why = target === undefined ? 'leads nowhere' : 'does not lead to a schema';
          report(
            'error',
            { location, steps: found.steps },
            `${keyword} ${JSON.stringify(ref.slice(0, 300))} ${why}`,
            ++targetsMissed <= SUGGESTIONS_MAX
              ? nearestTarget(registry, ref, location.resource)
              : undefined,
          );
          shape.never = true;
          continue;
        }
        shape.refs ??= [];
        shape.refs.push(builder.unitFor(target, scope));
      }
    }

    function addValueRules({ shape, location, keywords }: Part): void {
      const type = keywords.get('type')?.value;
      if (type !== undefined) {
        shape.types = 0;
        for (const name of Array.isArray(type) ? type : [type]) shape.types |= TYPE_BITS[name]!;
      }
      const values = keywords.get('enum');
      if (values !== undefined) {
        const texts = (values.value as unknown[]).map((value) => writeValue(value));
        shape.values = texts.filter((text) => text !== undefined);
        if (texts.length === 0) {
          report('warning', { location, steps: ['enum'] }, 'an empty enum allows no value at all');
        }
        if (texts.includes(undefined)) {
          report('error', { location, steps: ['enum'] }, 'enum holds a value JSON cannot express');
        }
      }
      const constant = keywords.get('const');
      if (constant !== undefined) {
        const text = writeValue(constant.value);
        if (text === undefined) {
          report('error', { location, steps: ['const'] }, 'const is a value JSON cannot express');
          shape.never = true;
        } else shape.constant = text;
      }
      for (const rule of NUMBER_RULES) {
        const limit = keywords.get(rule)?.value;
        if (limit === undefined) continue;
        shape.limits ??= [];
        shape.limits.push([rule, writeValue(limit)!]);
      }
      const step = keywords.get('multipleOf')?.value;
      if (step !== undefined) shape.multipleOf = writeValue(step)!;
    }

    function addStringRules({ shape, location, keywords }: Part): void {
      setCount(shape, keywords, 'minLength');
      setCount(shape, keywords, 'maxLength');
      const pattern = keywords.get('pattern');
      if (pattern !== undefined)
        shape.pattern = judge(pattern.value as string, location, ['pattern']);
      const format = keywords.get('format')?.value as string | undefined;
      const isAsserted = options.assertFormats || options.dialect !== 'json-schema-2020-12';
      if (format !== undefined && (isAsserted || hasFormatAssertion(location.resource, registry))) {
        shape.format = format;
        if (options.formats === 'report') shape.isFormatReported = true;
      }
    }

    function judge(source: string, location: Location, steps: readonly string[]): PatternSpec {
      const known = patterns.get(source);
      if (known !== undefined) return known;
      const judged = judgePattern(source);
      for (const { severity, message, suggestion } of judged.notes) {
        report(severity, { location, steps }, message, suggestion);
      }
      patterns.set(source, judged.spec);
      return judged.spec;
    }

    function addArrayRules({ shape, keywords, within }: Part): void {
      setCount(shape, keywords, 'minItems');
      setCount(shape, keywords, 'maxItems');
      if (keywords.get('uniqueItems')?.value === true) shape.uniqueItems = true;
      const prefix = keywords.get('prefixItems');
      if (prefix !== undefined) {
        shape.prefixItems = (prefix.value as unknown[]).map((_, i) =>
          within([...prefix.steps, String(i)]),
        );
      }
      for (const name of ['items', 'unevaluatedItems'] as const) {
        const found = keywords.get(name);
        if (found !== undefined) shape[name] = within(found.steps);
      }
      const contains = keywords.get('contains');
      if (contains === undefined) return;
      const min = countOf(keywords, 'minContains') ?? 1;
      const max = countOf(keywords, 'maxContains');
      shape.contains = {
        shape: within(contains.steps),
        min,
        ...(max === undefined ? {} : { max }),
      };
    }

    function addObjectRules({ shape, location, keywords, scope, inPlace, within }: Part): void {
      setCount(shape, keywords, 'minProperties');
      setCount(shape, keywords, 'maxProperties');
      const { direction } = scope;
      const needed = (names: string[]) =>
        [...new Set(names)].filter((n) => !scope.exempt.includes(n));
      const forbids = (steps: string[]) => {
        const property = child(location, steps);
        if (forbiddenRule(registry, property, 'neither', options) === undefined) return undefined;
        unit.mentionsDirection = true;
        if (direction === 'neither') return undefined;
        return forbiddenRule(registry, property, direction, options);
      };

      const isIgnored = (rule: Forbidden | undefined) =>
        rule === 'readOnly' && direction === 'request' && options.readOnlyMembers === 'ignore';
      const ignored = (): Shape => {
        unit.cutsMembers = true;
        return { id: shapes++, ignored: true };
      };

      const required = keywords.get('required')?.value as string[] | undefined;
      if (required !== undefined) shape.required = needed(required);
      const dependent = keywords.get('dependentRequired')?.value as Record<string, string[]>;
      if (dependent !== undefined) {
        shape.dependentRequired = Object.entries(dependent).map(([n, list]) => [n, needed(list)]);
      }
      const properties = keywords.get('properties')?.value as Record<string, unknown> | undefined;
      if (properties !== undefined) {
        shape.properties = Object.keys(properties).map((name) => {
          const steps = ['properties', name];
          const rule = forbids(steps);
          if (isIgnored(rule)) return [name, ignored()];
          return rule === undefined ? [name, within(steps)] : [name, within(steps), rule];
        });
      }
      const patterned = keywords.get('patternProperties')?.value as
        | Record<string, unknown>
        | undefined;
      if (patterned !== undefined) {
        shape.patternProperties = Object.keys(patterned).map((source) => {
          const steps = ['patternProperties', source];
          const pattern = judge(source, location, steps);
          const rule = forbids(steps);
          if (isIgnored(rule)) return [pattern, ignored()];
          return rule === undefined ? [pattern, within(steps)] : [pattern, within(steps), rule];
        });
      }
      for (const name of [
        'additionalProperties',
        'propertyNames',
        'unevaluatedProperties',
      ] as const) {
        const found = keywords.get(name);
        if (found !== undefined) shape[name] = within(found.steps);
      }
      if (shape.additionalProperties !== undefined) {
        const rule = forbids([...keywords.get('additionalProperties')!.steps]);
        if (isIgnored(rule)) shape.additionalProperties = ignored();
        else if (rule !== undefined) shape.additionalForbidden = rule;
      }
      const schemas = keywords.get('dependentSchemas');
      if (schemas !== undefined) {
        shape.dependentSchemas = Object.keys(schemas.value as object).map((name) => [
          name,
          inPlace([...schemas.steps, name]),
        ]);
      }
    }

    /** `{}` among the branches of `oneOf`: an object without members, not every other value. */
    function meanEmptyBranches(shape: Shape, location: Location): void {
      const branches = shape.oneOf ?? [];
      const hasOthers = branches.some((branch) => Object.keys(branch).length > 1);
      for (const [index, branch] of branches.entries()) {
        if (!hasOthers || Object.keys(branch).length > 1) continue;
        if (!isRecord((location.node as { oneOf: unknown[] }).oneOf[index])) continue;
        branch.types = TYPE_BITS['object']!;
        branch.maxProperties = 0;
        const at = { location, steps: ['oneOf', String(index)] };
        const message = 'an empty branch is read as an object without members';
        report('warning', at, message, 'write { type: object, maxProperties: 0 }');
      }
    }

    function addCombinations({ shape, location, keywords, inPlace }: Part): void {
      for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
        const list = keywords.get(name)?.value as unknown[] | undefined;
        if (list !== undefined) shape[name] = list.map((_, i) => inPlace([name, String(i)]));
      }
      if (options.reading === 'meant') meanEmptyBranches(shape, location);
      if (shape.oneOf !== undefined) builder.alternatives.push({ shape, location });
      for (const name of ['not', 'if'] as const) {
        if (keywords.has(name)) shape[name] = inPlace([name]);
      }
      if (shape.if === undefined) return;
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      if (keywords.has('then')) shape.then = inPlace(['then']);
      if (keywords.has('else')) shape.else = inPlace(['else']);
    }

    return build(unit.location, unit.scope, 0);
  }

  return builder;
}

/** One schema while its shape is being filled. */
export interface Part {
  readonly shape: Shape;
  readonly location: Location;
  readonly keywords: Keywords;
  readonly scope: Scope;
  /** A subschema for the same instance location. */
  inPlace(steps: readonly string[]): Shape;
  /** A subschema for members or items. */
  within(steps: readonly string[]): Shape;
}

const NUMBER_RULES: readonly NumberRule[] = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
];
